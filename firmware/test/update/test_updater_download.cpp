// Downloads: broken ones go on, changed ones begin anew, and none goes on for ever.
#include <doctest/doctest.h>

#include <string>

#include "update/bench_clock.h"

using namespace skiclock;
using bench::kNew;
using bench::Machine;
using bench::Run;

namespace {

constexpr std::size_t kSize = 20000;

// A machine whose server has the new image, and a run that was offered it.
struct Offered {
  explicit Offered(std::size_t size_bytes = kSize) {
    machine.server.image = images::program(kNew, size_bytes);
    const auto offered = images::offered("s1", machine.server.image, kNew);
    REQUIRE(run.updater.offer(offered.offer(), UpdateTrigger::kHourly, machine.now_ms) ==
            OfferAnswer::kAccepted);
  }
  // Goes on to its end; the reason of its failure, "" where it was installed.
  std::string outcome() {
    for (int i = 0; i < 100000; ++i) {
      run.turn();
      if (run.updater.wants_restart()) return "";
      if (run.updater.state() == UpdateState::kIdle) break;
    }
    CHECK(run.updater.state() == UpdateState::kIdle);
    REQUIRE(run.results().size() == 1);
    CHECK(run.log.count("failed") == 1);
    CHECK_FALSE(machine.store.records.count("update"));
    return run.results()[0].reason;
  }
  bool boots_new() {
    machine.slot.boot(false);
    return machine.slot.running() == images::program(kNew, kSize);
  }

  Machine machine;
  Run run{machine};
};

}  // namespace

TEST_CASE("a broken download goes on where it was") {
  Offered offered;
  offered.machine.server.breaks_at = {5000, 0, 7000};
  CHECK(offered.outcome() == "");
  CHECK(offered.boots_new());
  const auto& requests = offered.machine.server.requests;
  REQUIRE(requests.size() == 4);
  CHECK(requests[0].find("Range") == std::string::npos);
  for (int i : {1, 2}) CHECK(requests[i].find("\r\nRange: bytes=5000-\r\n") != std::string::npos);
  CHECK(requests[3].find("\r\nRange: bytes=12000-\r\n") != std::string::npos);
  CHECK(requests[3].find("\r\nIf-Range: \"first\"\r\n") != std::string::npos);
  CHECK(offered.run.log.count("started") == 1);
}

TEST_CASE("a connection that breaks behind the last byte loses nothing") {
  Offered offered;
  offered.machine.server.breaks_at = {kSize};
  CHECK(offered.outcome() == "");
  CHECK(offered.machine.server.requests.size() == 1);
}

TEST_CASE("a stalled connection is given up, and the download goes on") {
  Offered offered;
  offered.machine.server.breaks_at = {5000};
  offered.machine.server.stalls = true;
  CHECK(offered.outcome() == "");
  CHECK(offered.boots_new());
  CHECK(offered.machine.server.requests.size() == 2);
}

TEST_CASE("the image changed meanwhile: all from the beginning") {
  for (const bool knows_if_range : {true, false}) {
    CAPTURE(knows_if_range);
    Offered offered;
    fakes::FakeImageServer& server = offered.machine.server;
    server.knows_if_range = knows_if_range;
    server.breaks_at = {5000};
    server.image[4000] ^= 1;  // other bytes at first
    REQUIRE(offered.run.until(UpdateState::kPausing));
    server.image = images::program(kNew, kSize);
    server.etag = "\"second\"";
    CHECK(offered.outcome() == "");
    CHECK(offered.boots_new());
  }
}

TEST_CASE("an image that lost its tag, or its size, meanwhile counts as changed") {
  for (const bool is_shorter : {true, false}) {
    CAPTURE(is_shorter);
    Offered offered;
    fakes::FakeImageServer& server = offered.machine.server;
    server.breaks_at = {5000};
    REQUIRE(offered.run.until(UpdateState::kPausing));
    server.knows_if_range = false;
    server.etag = is_shorter ? server.etag : "";
    if (is_shorter) server.image.resize(3000);
    CHECK(offered.outcome() ==
          (is_shorter ? "the server has an image of another size than offered" : ""));
  }
}

TEST_CASE("an image that changes again and again is given up") {
  Offered offered;
  fakes::FakeImageServer& server = offered.machine.server;
  server.breaks_at.assign(100, 5000);
  server.knows_if_range = false;
  for (int i = 0; i < 20 && offered.run.until(UpdateState::kPausing, 3000); ++i) {
    server.etag = "\"" + std::to_string(i) + "\"";
    while (offered.run.updater.state() == UpdateState::kPausing) offered.run.turn();
  }
  CHECK(offered.outcome() == "the download had to begin anew again and again");
  CHECK(server.requests.size() == 8);
}

TEST_CASE("a server without ranges sends all again over the same connection") {
  Offered offered;
  offered.machine.server.knows_ranges = false;
  offered.machine.server.breaks_at = {5000};
  CHECK(offered.outcome() == "");
  CHECK(offered.boots_new());
  CHECK(offered.machine.server.requests.size() == 2);
}

TEST_CASE("a server without ranges that always breaks is given up") {
  Offered offered;
  offered.machine.server.knows_ranges = false;
  offered.machine.server.breaks_at.assign(100, 5000);
  CHECK(offered.outcome() == "the download had to begin anew again and again");
  CHECK(offered.machine.server.requests.size() == 5);
}

TEST_CASE("other bytes of the same size fail by their hash") {
  for (const std::size_t at : {std::size_t{0}, kSize / 2, kSize - 1}) {
    Offered offered;
    offered.machine.server.image[at] ^= 1;
    CHECK(offered.outcome() == "the downloaded image has another hash than was signed");
    CHECK_FALSE(offered.boots_new());
  }
}

TEST_CASE("an image of another size fails before a byte is stored") {
  for (const std::size_t size : {kSize - 1, kSize + 1, std::size_t{1}}) {
    Offered offered;
    offered.machine.server.image = images::program(kNew, size);
    CHECK(offered.outcome() == "the server has an image of another size than offered");
    CHECK(offered.machine.server.requests.size() == 1);
  }
}

TEST_CASE("a server that cannot be reached is tried nine times within half an hour") {
  Offered offered;
  offered.machine.server.is_reachable = false;
  const std::uint32_t begin_ms = offered.machine.now_ms;
  CHECK(offered.outcome() == "the download broke 9 times: unreachable: no route");
  CHECK(offered.machine.now_ms - begin_ms < 1800000);
}

TEST_CASE("a server that is overloaded is tried again, one that refuses is not") {
  for (const int status : {500, 503, 429, 408}) {
    CAPTURE(status);
    Offered offered;
    offered.machine.server.status = status;
    REQUIRE(offered.run.until(UpdateState::kPausing));
    offered.machine.server.status = 200;
    CHECK(offered.outcome() == "");
  }
  for (const int status : {400, 401, 403, 404, 410, 301, 204}) {
    CAPTURE(status);
    Offered offered;
    offered.machine.server.status = status;
    const std::string word = status == 301 ? "redirect " : "status ";
    CHECK(offered.outcome() == word + std::to_string(status));
    CHECK(offered.machine.server.requests.size() == 1);
  }
}

TEST_CASE("breaks with progress in between are many, but not without end") {
  Offered patient;
  patient.machine.server.breaks_at.assign(50, 390);
  CHECK(patient.outcome() == "");
  CHECK(patient.boots_new());
  Offered endless;
  endless.machine.server.breaks_at.assign(1000, 100);
  CHECK(endless.outcome().compare(0, 28, "the download broke 61 times:") == 0);
  CHECK(endless.machine.server.requests.size() == 61);
}

TEST_CASE("a URL that is none ends the update with that word") {
  Offered offered;
  offered.run.server.url = text_of("ftp://clocks.example");
  CHECK(offered.outcome() == "bad address");
  Offered longer;
  const std::string url = "http://clocks.example/" + std::string(300, 'x');
  longer.run.server.url = {url.data(), url.size()};
  CHECK(longer.outcome() == "bad address");
}

TEST_CASE("progress is told every 5 %, and at least every 2 s while it moves") {
  Offered fast;
  fast.machine.server.piece = 100;
  CHECK(fast.outcome() == "");
  CHECK(fast.run.log.count("progress") >= 16);
  CHECK(fast.run.log.count("progress") <= 21);
  Offered slow;
  slow.machine.server.piece = 10;  // 40 bytes a turn: 1 % in 0.5 s
  CHECK(slow.outcome() == "");
  int last = -1;
  std::size_t told = 0;
  for (const std::string& line : slow.run.log.lines) {
    if (line.compare(0, 12, "progress s1 ") != 0) continue;
    const int percent = std::stoi(line.substr(12));
    CHECK(percent > last);
    CHECK(percent - last <= 5);
    last = percent;
    ++told;
  }
  CHECK(last >= 95);
  CHECK(told >= 20);
  CHECK(told <= 27);
}

TEST_CASE("a download that begins anew tells a smaller progress") {
  Offered offered;
  offered.machine.server.breaks_at = {15000};
  REQUIRE(offered.run.until(UpdateState::kPausing));
  offered.machine.server.etag = "\"second\"";
  offered.machine.server.piece = 10;
  REQUIRE(offered.run.until(UpdateState::kReceiving));
  for (int i = 0; i < 40; ++i) offered.run.turn();
  const std::string last = offered.run.log.last("progress");
  CHECK(std::stoi(last.substr(12)) < 75);
  CHECK(offered.outcome() == "");
}
