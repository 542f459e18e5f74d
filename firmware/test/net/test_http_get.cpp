// Downloads: what is asked for, what is accepted, and what ends them.
#include <doctest/doctest.h>

#include <string>

#include "fakes/fake_stream.h"
#include "skiclock/net/http_get.h"

using skiclock::Bytes;
using skiclock::HttpAnswer;
using skiclock::HttpGet;
using skiclock::HttpProblem;
using skiclock::HttpRequest;
using skiclock::HttpState;
using skiclock::text_of;
using skiclock::Trust;
using skiclock::fakes::Dialogue;
using skiclock::fakes::FakeStream;

namespace {

class Sink : public skiclock::HttpSink {
 public:
  bool on_answer(const HttpAnswer& answer) override {
    ++answers;
    total_bytes = answer.total_bytes;
    first_byte = answer.first_byte;
    etag.assign(answer.etag.data, answer.etag.size);
    return !refuses;
  }
  bool on_body(Bytes piece) override {
    body.append(reinterpret_cast<const char*>(piece.data), piece.size);
    return body.size() < stops_after;
  }

  int answers = 0;
  std::uint32_t total_bytes = 0;
  std::uint32_t first_byte = 0;
  std::string etag;
  std::string body;
  bool refuses = false;
  std::size_t stops_after = SIZE_MAX;
};

struct Transfer {
  FakeStream stream;
  HttpGet get{stream};
  Sink sink;
  std::uint32_t now_ms = 0xFFFFFF00;  // wraps soon

  Transfer() = default;
  explicit Transfer(const std::string& answer) { answers(answer); }

  void answers(const std::string& answer) {
    Dialogue dialogue;
    dialogue.waits_for = "\r\n\r\n";
    dialogue.answer = answer;
    stream.script.push_back(dialogue);
  }

  bool start(HttpRequest request = {}) {
    if (request.url.size == 0) request.url = text_of("https://clock.example.org/image");
    return get.start(request, now_ms);
  }

  HttpState run(int polls = 20000) {
    while (polls-- > 0 && get.state() != HttpState::kDone && get.state() != HttpState::kFailed) {
      now_ms += 10;
      get.poll(now_ms, sink);
    }
    return get.state();
  }
};

HttpProblem problem_with(const std::string& answer, std::uint32_t first_byte = 0) {
  Transfer transfer(answer);
  HttpRequest request;
  request.first_byte = first_byte;
  transfer.start(request);
  CHECK(transfer.run() == HttpState::kFailed);
  CHECK(transfer.sink.body.empty());
  return transfer.get.problem();
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nETag: \"a5df\"\r\n\r\n" + body;
}

std::string image(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(bytes.size() * 31 % 251);
  return bytes;
}

}  // namespace

TEST_CASE("the request says what is wanted, of whom, and by whom") {
  Transfer transfer(ok("x"));
  HttpRequest request;
  request.url = text_of("https://clock.example.org:8443/api/firmware/esp32?version=2026.11.24.7");
  request.api_key = text_of("secret");
  request.user_agent = text_of("SkiClockNeo-OTA");
  request.first_byte = 4096;
  request.etag = text_of("\"a5df\"");
  transfer.start(request);
  transfer.run();
  CHECK(transfer.stream.host == "clock.example.org");
  CHECK(transfer.stream.port == 8443);
  CHECK(transfer.stream.trust == Trust::kVerified);
  CHECK(transfer.stream.requests.at(0) ==
        "GET /api/firmware/esp32?version=2026.11.24.7 HTTP/1.1\r\n"
        "Host: clock.example.org:8443\r\n"
        "User-Agent: SkiClockNeo-OTA\r\n"
        "X-API-Key: secret\r\n"
        "Accept-Encoding: identity\r\n"
        "Connection: close\r\n"
        "Range: bytes=4096-\r\n"
        "If-Range: \"a5df\"\r\n"
        "\r\n");
}

TEST_CASE("a weak entity tag is no condition, and a whole body is asked for without a range") {
  Transfer transfer(ok("x"));
  HttpRequest request;
  request.first_byte = 1;
  request.etag = text_of("W/\"a5df\"");
  transfer.start(request);
  transfer.run();
  CHECK(transfer.stream.requests.at(0).find("Range: bytes=1-") != std::string::npos);
  CHECK(transfer.stream.requests.at(0).find("If-Range") == std::string::npos);
  Transfer whole(ok("x"));
  whole.start();
  whole.run();
  CHECK(whole.stream.requests.at(0).find("Range") == std::string::npos);
}

TEST_CASE("a body comes whole, however the bytes are cut") {
  const std::string bytes = image(5000);
  for (const std::size_t piece : {1U, 2U, 7U, 511U, 512U, 513U, 6000U}) {
    for (const std::size_t writes : {1U, 3U, 1000U}) {
      CAPTURE(piece);
      CAPTURE(writes);
      Transfer transfer(ok(bytes));
      transfer.stream.script.back().piece = piece;
      transfer.stream.script.back().opening_polls = 3;
      transfer.stream.writes_at_most = writes;
      transfer.start();
      CHECK(transfer.run() == HttpState::kDone);
      CHECK(transfer.sink.answers == 1);
      CHECK(transfer.sink.body == bytes);
      CHECK(transfer.sink.total_bytes == bytes.size());
      CHECK(transfer.sink.etag == "\"a5df\"");
      CHECK(transfer.get.problem() == HttpProblem::kNone);
    }
  }
}

TEST_CASE("what follows the body is not taken for a part of it") {
  Transfer transfer(ok("body") + "more");
  transfer.start();
  CHECK(transfer.run() == HttpState::kDone);
  CHECK(transfer.sink.body == "body");
}

TEST_CASE("an empty body is a body") {
  Transfer transfer(ok(""));
  transfer.start();
  CHECK(transfer.run() == HttpState::kDone);
  CHECK(transfer.sink.answers == 1);
}

TEST_CASE("a poll hands on no more than a few pieces") {
  Transfer transfer(ok(image(100000)));
  transfer.start();
  std::size_t before = 0;
  while (transfer.get.state() != HttpState::kDone) {
    transfer.get.poll(transfer.now_ms, transfer.sink);
    CHECK(transfer.sink.body.size() - before <= 2048);
    before = transfer.sink.body.size();
  }
}

TEST_CASE("a rest is taken from where it was asked for") {
  Transfer transfer(
      "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\n"
      "Content-Range: bytes 4-9/10\r\n\r\n456789");
  HttpRequest request;
  request.first_byte = 4;
  transfer.start(request);
  CHECK(transfer.run() == HttpState::kDone);
  CHECK(transfer.sink.first_byte == 4);
  CHECK(transfer.sink.total_bytes == 10);
  CHECK(transfer.sink.body == "456789");
}

TEST_CASE("a server that sends the whole instead says so, and the body begins at its start") {
  Transfer transfer(ok("0123456789"));
  HttpRequest request;
  request.first_byte = 4;
  transfer.start(request);
  CHECK(transfer.run() == HttpState::kDone);
  CHECK(transfer.sink.first_byte == 0);
  CHECK(transfer.sink.total_bytes == 10);
}

TEST_CASE("another part than was asked for is refused") {
  const auto part = [](const std::string& range, int length) {
    return "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(length) +
           "\r\nContent-Range: " + range + "\r\n\r\n0123456789";
  };
  CHECK(problem_with(part("bytes 5-9/10", 5), 4) == HttpProblem::kRange);
  CHECK(problem_with(part("bytes 4-8/10", 5), 4) == HttpProblem::kRange);
  CHECK(problem_with(part("bytes 4-9/10", 5), 4) == HttpProblem::kRange);
  CHECK(problem_with(part("bytes 4-9/*", 6), 4) == HttpProblem::kRange);
  CHECK(problem_with(part("bytes 0-9/10", 10), 0) == HttpProblem::kRange);
  CHECK(problem_with("HTTP/1.1 206 X\r\nContent-Length: 6\r\n\r\n", 4) == HttpProblem::kRange);
  CHECK(problem_with("HTTP/1.1 416 X\r\nContent-Range: bytes */10\r\n\r\n", 10) ==
        HttpProblem::kRange);
}

TEST_CASE("what a clock does not do, or cannot check, is refused with a word") {
  CHECK(problem_with("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n") == HttpProblem::kRedirect);
  CHECK(problem_with("HTTP/1.1 304 Not Modified\r\n\r\n") == HttpProblem::kRedirect);
  CHECK(problem_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        HttpProblem::kEncoded);
  CHECK(problem_with("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx") ==
        HttpProblem::kEncoded);
  CHECK(problem_with("HTTP/1.1 200 OK\r\n\r\nbody") == HttpProblem::kNoLength);
  CHECK(problem_with("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n") ==
        HttpProblem::kStatus);
  CHECK(problem_with("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") == HttpProblem::kStatus);
  CHECK(problem_with("220 smtp ready\r\n") == HttpProblem::kBadHead);
  CHECK(problem_with("HTTP/1.1 200 OK\r\nContent-Le") == HttpProblem::kBroken);
  CHECK(problem_with("") == HttpProblem::kBroken);
}

TEST_CASE("a connection that ends early is told from one that came to its end") {
  Transfer transfer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
  transfer.start();
  CHECK(transfer.run() == HttpState::kFailed);
  CHECK(transfer.get.problem() == HttpProblem::kBroken);
  CHECK(transfer.sink.body == "01234");
}

TEST_CASE("a connection that cannot be made is told apart, and says what the port says") {
  Transfer refused;
  Dialogue dialogue;
  dialogue.refuses = true;
  dialogue.problem = "certificate expired";
  refused.stream.script.push_back(dialogue);
  refused.start();
  CHECK(refused.run() == HttpState::kFailed);
  CHECK(refused.get.problem() == HttpProblem::kUnreachable);
  CHECK(std::string(refused.get.problem_words()) == "unreachable: certificate expired");
}

TEST_CASE("words for a problem name the status, and stay within their buffer") {
  Transfer transfer("HTTP/1.1 503 Busy\r\n\r\n");
  transfer.start();
  transfer.run();
  CHECK(std::string(transfer.get.problem_words()) == "status 503");
  Transfer refused;
  Dialogue dialogue;
  dialogue.refuses = true;
  dialogue.problem = std::string(200, 'x');
  refused.stream.script.push_back(dialogue);
  refused.start();
  refused.run();
  CHECK(std::string(refused.get.problem_words()) == "unreachable");
}

TEST_CASE("a connection that does not open is given up") {
  Transfer transfer(ok("x"));
  transfer.stream.script.back().opening_polls = UINT32_MAX;
  transfer.start();
  transfer.now_ms += HttpGet::kOpenMs - 1;
  CHECK(transfer.get.poll(transfer.now_ms, transfer.sink) == HttpState::kOpening);
  CHECK(transfer.get.poll(transfer.now_ms + 1, transfer.sink) == HttpState::kFailed);
  CHECK(transfer.get.problem() == HttpProblem::kTimeout);
}

TEST_CASE("a body may take as long as it likes, as long as it comes") {
  Transfer transfer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  transfer.stream.script.back().hangs_up = false;
  transfer.start();
  transfer.run(10);
  for (int i = 0; i < 99; ++i) {
    transfer.stream.feed("x");
    transfer.now_ms += HttpGet::kStallMs - 1;
    REQUIRE(transfer.get.poll(transfer.now_ms, transfer.sink) == HttpState::kBody);
  }
  transfer.now_ms += HttpGet::kStallMs;
  CHECK(transfer.get.poll(transfer.now_ms, transfer.sink) == HttpState::kFailed);
  CHECK(transfer.get.problem() == HttpProblem::kTimeout);
  CHECK(transfer.sink.body.size() == 99);
}

TEST_CASE("a request that cannot be sent, or is not answered, is given up") {
  for (const std::size_t writes : {0U, 1000U}) {
    CAPTURE(writes);
    Transfer transfer("");
    transfer.stream.script.back().hangs_up = false;
    transfer.stream.writes_at_most = writes;
    transfer.start();
    transfer.run(10);
    transfer.now_ms += HttpGet::kStallMs;
    CHECK(transfer.get.poll(transfer.now_ms, transfer.sink) == HttpState::kFailed);
    CHECK(transfer.get.problem() == HttpProblem::kTimeout);
  }
}

TEST_CASE("the sink can end it, before the body and in it") {
  Transfer before(ok("body"));
  before.sink.refuses = true;
  before.start();
  CHECK(before.run() == HttpState::kFailed);
  CHECK(before.get.problem() == HttpProblem::kStopped);
  CHECK(before.sink.body.empty());
  Transfer within(ok(image(5000)));
  within.sink.stops_after = 600;
  within.start();
  CHECK(within.run() == HttpState::kFailed);
  CHECK(within.get.problem() == HttpProblem::kStopped);
  CHECK(within.sink.body.size() == 1024);
}

TEST_CASE("the key goes in the clear only where the clock is told to trust the line") {
  const auto trust_of = [](const char* url, Trust trust) {
    Transfer transfer(ok("x"));
    HttpRequest request;
    request.url = text_of(url);
    request.trust = trust;
    if (!transfer.start(request)) return std::string("refused");
    const char* const names[] = {"verified", "insecure", "plain"};
    return std::string(names[static_cast<int>(transfer.stream.trust)]);
  };
  CHECK(trust_of("http://host/", Trust::kPlain) == "plain");
  CHECK(trust_of("http://host/", Trust::kInsecure) == "refused");
  CHECK(trust_of("http://host/", Trust::kVerified) == "refused");
  CHECK(trust_of("https://host/", Trust::kVerified) == "verified");
  CHECK(trust_of("https://host/", Trust::kInsecure) == "insecure");
  CHECK(trust_of("https://host/", Trust::kPlain) == "verified");
}

TEST_CASE("a key with a line break, or a request that is too long, is not sent") {
  HttpRequest request;
  request.api_key = text_of("a\r\nX-Evil: 1");
  Transfer transfer(ok("x"));
  CHECK_FALSE(transfer.start(request));
  CHECK(transfer.get.problem() == HttpProblem::kBadUrl);
  CHECK(transfer.stream.opened == 0);
  const std::string url = "https://host/" + std::string(600, 'p');
  request = {};
  request.url = text_of(url.c_str());
  CHECK_FALSE(transfer.start(request));
}

TEST_CASE("a second request begins anew") {
  Transfer transfer("HTTP/1.1 500 X\r\n\r\n");
  transfer.answers(ok("second"));
  transfer.start();
  transfer.run();
  CHECK(transfer.get.status() == 500);
  transfer.start();
  CHECK(transfer.get.status() == 0);
  CHECK(transfer.run() == HttpState::kDone);
  CHECK(transfer.sink.body == "second");
}

TEST_CASE("every problem has its word") {
  for (int i = 0; i <= static_cast<int>(HttpProblem::kStopped); ++i) {
    CHECK(std::string(problem_text(static_cast<HttpProblem>(i))) != "unknown");
  }
}
