// The head of an HTTP response: what it says, and what no head may be.
#include <doctest/doctest.h>

#include <string>

#include "skiclock/net/http_head.h"

using skiclock::HttpHead;
using skiclock::HttpHeadReader;
using Result = skiclock::HttpHeadReader::Result;

namespace {

struct Outcome {
  Result result;
  HttpHead head;
};

Outcome read(const std::string& bytes) {
  HttpHeadReader reader;
  Result result = Result::kMore;
  for (const char c : bytes) {
    if (result != Result::kMore) break;
    result = reader.take(static_cast<std::uint8_t>(c));
  }
  return {result, reader.head()};
}

Outcome read_fields(const std::string& fields) {
  return read("HTTP/1.1 200 OK\r\n" + fields + "\r\n");
}

}  // namespace

TEST_CASE("a head is read with what a download needs of it") {
  const auto [result, head] = read(
      "HTTP/1.1 206 Partial Content\r\nServer: x\r\ncontent-LENGTH:  900 \r\n"
      "Content-Range: bytes 100-999/1000\r\nETag: \"a5df\"\r\nSet-Cookie: a=b\r\n\r\n");
  CHECK(result == Result::kDone);
  CHECK(head.status == 206);
  CHECK(head.has_length);
  CHECK(head.length_bytes == 900);
  CHECK(head.has_range);
  CHECK(head.range_first == 100);
  CHECK(head.range_last == 999);
  CHECK(head.has_total);
  CHECK(head.range_total == 1000);
  CHECK(std::string(head.etag) == "\"a5df\"");
  CHECK_FALSE(head.is_transfer_encoded);
  CHECK_FALSE(head.is_content_encoded);
}

TEST_CASE("a bare line feed ends a line as well, and a reason phrase may be absent") {
  const auto [result, head] = read("HTTP/1.0 404\nX: y\n\n");
  CHECK(result == Result::kDone);
  CHECK(head.status == 404);
  CHECK_FALSE(head.has_length);
}

TEST_CASE("heads that only announce another are passed over") {
  const auto [result, head] =
      read("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
  CHECK(result == Result::kDone);
  CHECK(head.status == 200);
  CHECK_FALSE(head.has_length);
}

TEST_CASE("encodings are noticed") {
  CHECK(read_fields("Transfer-Encoding: chunked\r\n").head.is_transfer_encoded);
  CHECK(read_fields("Content-Encoding: gzip\r\n").head.is_content_encoded);
  CHECK_FALSE(read_fields("Content-Encoding: identity\r\n").head.is_content_encoded);
}

TEST_CASE("the whole is known from a refused range too") {
  const auto [result, head] =
      read("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */1000\r\n\r\n");
  CHECK(result == Result::kDone);
  CHECK_FALSE(head.has_range);
  CHECK(head.has_total);
  CHECK(head.range_total == 1000);
}

TEST_CASE("what is no HTTP is refused as soon as it shows") {
  for (const char* bytes :
       {"\x16\x03\x01", "SSH-2.0", "\n", "HTTP/2 200\n", "HTTP/1.1 2x0 OK\n", "HTTP/1.1 099 X\n",
        "HTTP/1.1 600 X\n", "HTTP/1.1 2000\n", "HTTP/1.1\n", "HTTP/1.1 20\n", "HTTP/1.1 200X\n"}) {
    CAPTURE(bytes);
    CHECK(read(bytes).result == Result::kBad);
  }
}

TEST_CASE("fields that contradict themselves are refused") {
  for (const char* fields : {"Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: -1\r\n",
                             "Content-Length: \r\n", "Content-Length: 4294967296\r\n",
                             "Content-Length: 1, 1\r\n", "Content-Length: 0x10\r\n",
                             "Content-Range: bytes 5-4/10\r\n", "Content-Range: bytes 0-10/10\r\n",
                             "Content-Range: bytes 0-9\r\n", "Content-Range: lines 0-9/10\r\n",
                             "Content-Range: bytes */\r\n", "no colon\r\n", ": x\r\n"}) {
    CAPTURE(fields);
    CHECK(read_fields(fields).result == Result::kBad);
  }
  CHECK(read_fields("Content-Length: 7\r\nContent-Length: 7\r\n").result == Result::kDone);
  CHECK(read(std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 26)).result == Result::kBad);
}

TEST_CASE("a long field is passed over, a head without end is not read on") {
  const std::string cookie(3000, 'c');
  const auto [result, head] = read_fields("Cookie: " + cookie + "\r\nContent-Length: 3\r\n");
  CHECK(result == Result::kDone);
  CHECK(head.length_bytes == 3);
  CHECK(read("HTTP/1.1 200 OK\r\nX: " + std::string(9000, 'x')).result == Result::kBad);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 3000; ++i) many += "A: b\r\n";
  CHECK(read(many).result == Result::kBad);
  std::string interim;
  for (int i = 0; i < 3000; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  CHECK(read(interim).result == Result::kBad);
}

TEST_CASE("an entity tag that is too long to be kept is not kept") {
  const auto [result, head] = read_fields("ETag: \"" + std::string(100, 'e') + "\"\r\n");
  CHECK(result == Result::kDone);
  CHECK(std::string(head.etag).empty());
}
