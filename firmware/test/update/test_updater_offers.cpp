// Offers: which are taken up, which never, and when an update begins.
#include <doctest/doctest.h>

#include <string>

#include "update/bench_clock.h"

using namespace skiclock;
using bench::kNew;
using bench::kOld;
using bench::Machine;
using bench::Run;

namespace {

constexpr std::size_t kSize = 2500;

images::Offered good(const std::string& session = "s1", const std::string& version = kNew,
                     images::Key key = images::kCurrent) {
  return images::offered(session, images::program(version, kSize), version, "linux", key);
}

// Offers it; the words that it was refused with, "" where it was not.
std::string refusal(Run& run, const images::Offered& offered) {
  const OfferAnswer answer =
      run.updater.offer(offered.offer(), UpdateTrigger::kHourly, run.machine.now_ms);
  if (answer == OfferAnswer::kAccepted) return "";
  REQUIRE(answer == OfferAnswer::kRefused);
  const std::string line = run.log.last("failed " + offered.session_id + " ");
  return line.substr(8 + offered.session_id.size());
}

}  // namespace

TEST_CASE("a good offer is installed, and told step by step") {
  Machine machine;
  machine.server.image = images::program(kNew, kSize);
  Run run(machine);
  CHECK(refusal(run, good()) == "");
  CHECK_FALSE(run.updater.is_active());
  REQUIRE(run.until(UpdateState::kRestarting));
  CHECK(run.updater.wants_restart());
  CHECK(run.updater.is_active());
  CHECK(run.updater.percent() == 100);
  CHECK(run.log.lines.front() == "started s1 " + kNew);
  CHECK(run.log.lines[1] == "progress s1 0");
  CHECK(run.log.last("progress") == "progress s1 100");
  CHECK(run.log.lines.back() == "installed s1");
  CHECK(run.records.results.count() == 0);
  Attempt attempt;
  REQUIRE(run.records.attempt.read(&attempt));
  CHECK(attempt.phase == AttemptPhase::kSwitched);
  CHECK(std::string(attempt.old_version) == kOld);
  CHECK(std::string(attempt.new_version) == kNew);
  machine.slot.boot(false);
  CHECK(images::version_of(machine.slot.running()) == kNew);
}

TEST_CASE("the image is asked for by version, with key and user agent") {
  Machine machine;
  machine.server.image = images::program(kNew, kSize);
  Run run(machine);
  CHECK(refusal(run, good()) == "");
  REQUIRE(run.until(UpdateState::kRestarting));
  REQUIRE(machine.server.requests.size() == 1);
  const std::string& request = machine.server.requests[0];
  CHECK(request.find("GET /api/firmware/linux?version=2026.1.1.2 HTTP/1.1\r\n") == 0);
  CHECK(request.find("\r\nX-API-Key: download-key\r\n") != std::string::npos);
  CHECK(request.find("\r\nUser-Agent: SkiClockNeo-OTA\r\n") != std::string::npos);
  CHECK(request.find("Range") == std::string::npos);
}

TEST_CASE("an image signed with the next key is installed too") {
  Machine machine;
  machine.server.image = images::program(kNew, kSize);
  Run run(machine);
  CHECK(refusal(run, good("s1", kNew, images::kNext)) == "");
  CHECK(run.until(UpdateState::kRestarting));
}

TEST_CASE("an offer that must not be installed is refused before a byte is downloaded") {
  struct Row {
    const char* reason;
    images::Offered offered;
  };
  std::vector<Row> rows;
  const auto add = [&rows](const char* reason, images::Offered offered) -> images::Offered& {
    rows.push_back({reason, offered});
    return rows.back().offered;
  };
  const char kKey[] = "the signature is not by a key that this clock knows";
  const char kUnreadable[] = "size, hash or signature of the offer cannot be read";
  const char kNotNewer[] = "the offered version is not newer than the one that runs";
  add("the offer is not signed", good()).signature_base64.clear();
  add(kUnreadable, good()).signature_base64 += "=";
  add(kUnreadable, good()).sha256_hex.pop_back();
  add(kUnreadable, good()).sha256_hex.clear();
  add(kUnreadable, good()).size_bytes = 0;
  add(kKey, good("s1", kNew, images::kStranger));
  add(kKey, images::offered("s1", images::program(kNew, kSize), kNew, "esp32"));
  add(kKey, good()).version = "2026.1.1.3";
  add(kKey, good()).size_bytes = kSize + 1;
  add(kKey, good()).sha256_hex[0] ^= 1;
  add(kNotNewer, good("s1", kOld));
  add(kNotNewer, good("s1", "2025.12.31.9"));
  add(kNotNewer, good("s1", "v9.9.9"));
  add("the offered version cannot be read", good("s1", "2026.1.1"));
  add("the offered version cannot be read", good()).version.clear();
  add("the image does not fit", good()).size_bytes = 100001;
  for (const Row& row : rows) {
    CAPTURE(row.reason);
    Machine machine;
    machine.server.image = images::program(kNew, kSize);
    Run run(machine);
    CHECK(refusal(run, row.offered) == row.reason);
    for (int i = 0; i < 100; ++i) run.turn();
    CHECK(run.updater.state() == UpdateState::kIdle);
    CHECK(machine.server.requests.empty());
    REQUIRE(run.results().size() == 1);
    const UpdateResult result = run.results()[0];
    CHECK(std::string(result.session_id) == "s1");
    CHECK(std::string(result.old_version) == kOld);
    CHECK(std::string(result.reason) == row.reason);
    CHECK_FALSE(result.success);
  }
}

TEST_CASE("an offer without a session, or with one that no server makes, leaves no result") {
  for (const std::string& session : {std::string(), std::string(kMaxSessionLength + 1, 's')}) {
    Machine machine;
    Run run(machine);
    CHECK(refusal(run, good(session)) == "the offer names no session");
    CHECK(run.results().empty());
  }
}

TEST_CASE("a clock that knows no key installs nothing") {
  Machine machine;
  UpdatePolicy policy = Run::policy();
  policy.keys = {};
  Run run(machine, policy);
  CHECK(refusal(run, good()) == "the signature is not by a key that this clock knows");
}

TEST_CASE("a version that fell back is not tried again, a higher one is") {
  Machine machine;
  machine.server.image = images::program("2026.1.1.3", kSize);
  Run run(machine);
  run.records.refused.add(text_of("2026.1.1.2"), text_of("2026.1.1.1"));
  CHECK(refusal(run, good()) == "this version was tried before and fell back");
  machine.now_ms += 10000;
  CHECK(refusal(run, good("s2", "2026.1.1.3")) == "");
  CHECK(run.until(UpdateState::kRestarting));
}

TEST_CASE("a clock whose running version cannot be read takes any") {
  Machine machine(fakes::SlotKind::kTwoSlots, "Unknown");
  machine.server.image = images::program(kNew, kSize);
  Run run(machine);
  CHECK(refusal(run, good()) == "");
  CHECK(run.until(UpdateState::kRestarting));
}

TEST_CASE("one update at a time; the same offer again is the same update") {
  Machine machine;
  machine.server.image = images::program(kNew, kSize);
  Run run(machine);
  CHECK(refusal(run, good()) == "");
  REQUIRE(run.until(UpdateState::kReceiving));
  const auto again = good();
  CHECK(run.updater.offer(again.offer(), UpdateTrigger::kCommand, machine.now_ms) ==
        OfferAnswer::kAccepted);
  const auto other = good("s2", "2026.1.1.3");
  CHECK(run.updater.offer(other.offer(), UpdateTrigger::kHourly, machine.now_ms) ==
        OfferAnswer::kBusy);
  REQUIRE(run.until(UpdateState::kRestarting));
  CHECK(run.log.count("started") == 1);
  CHECK(run.updater.offer(other.offer(), UpdateTrigger::kHourly, machine.now_ms) ==
        OfferAnswer::kBusy);
}

TEST_CASE("a session that was refused is answered without checking it again") {
  Machine machine;
  Run run(machine);
  const auto stranger = good("s1", kNew, images::kStranger);
  CHECK(refusal(run, stranger) != "");
  const std::uint32_t verifications = run.signatures.verifications;
  const std::uint32_t writes = machine.store.writes;
  for (int i = 0; i < 5; ++i) {
    machine.now_ms += 20000;
    CHECK(refusal(run, stranger) != "");
  }
  CHECK(run.signatures.verifications == verifications);
  CHECK(machine.store.writes == writes);
  CHECK(run.log.count("failed") == 1);
}

TEST_CASE("bad offers without end cost neither flash nor time") {
  Machine machine;
  Run run(machine);
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    const auto bad = good("s" + std::to_string(i), kNew, images::kStranger);
    machine.now_ms += 1000;
    refused += run.updater.offer(bad.offer(), UpdateTrigger::kConnect, machine.now_ms) ==
               OfferAnswer::kRefused;
  }
  CHECK(refused == 10);
  CHECK(machine.store.writes == 10);
}

TEST_CASE("an update waits for its turn as long as its trigger asks for") {
  struct Row {
    UpdateTrigger trigger;
    std::uint32_t most_ms;
  };
  for (const Row& row : {Row{UpdateTrigger::kHourly, 0}, Row{UpdateTrigger::kConnect, 30000},
                         Row{UpdateTrigger::kBroadcast, 120000}, Row{UpdateTrigger::kCommand, 0}}) {
    CAPTURE(static_cast<int>(row.trigger));
    std::uint32_t shortest_ms = 0xFFFFFFFF;
    std::uint32_t longest_ms = 0;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
      Machine machine;
      machine.system.seed = seed * 977;
      UpdatePolicy policy = Run::policy();
      policy.connect_jitter_ms = 30000;
      policy.broadcast_jitter_ms = 120000;
      Run run(machine, policy);
      const std::uint32_t begin_ms = machine.now_ms;
      static const auto offered = good();
      run.updater.offer(offered.offer(), row.trigger, machine.now_ms);
      REQUIRE(run.until(UpdateState::kPreparing));
      shortest_ms = std::min(shortest_ms, machine.now_ms - begin_ms);
      longest_ms = std::max(longest_ms, machine.now_ms - begin_ms);
    }
    CHECK(longest_ms <= row.most_ms + 100);
    if (row.most_ms > 0) {
      CHECK(longest_ms > row.most_ms / 2);
      CHECK(shortest_ms < row.most_ms / 2);
    }
  }
}

TEST_CASE("an admin who looks on ends the wait of a broadcast") {
  Machine machine;
  machine.system.seed = 5;
  UpdatePolicy policy = Run::policy();
  policy.broadcast_jitter_ms = 120000;
  Run run(machine, policy);
  const auto offered = good();
  run.updater.offer(offered.offer(), UpdateTrigger::kBroadcast, machine.now_ms);
  for (int i = 0; i < 3; ++i) run.turn();
  REQUIRE(run.updater.state() == UpdateState::kWaiting);
  run.updater.offer(offered.offer(), UpdateTrigger::kCommand, machine.now_ms);
  CHECK(run.until(UpdateState::kPreparing, 1));
}

TEST_CASE("while one waits, a newer offer takes its place") {
  Machine machine;
  machine.server.image = images::program("2026.1.1.3", kSize);
  UpdatePolicy policy = Run::policy();
  policy.broadcast_jitter_ms = 120000;
  Run run(machine, policy);
  const auto first = good();
  const auto second = good("s2", "2026.1.1.3");
  run.updater.offer(first.offer(), UpdateTrigger::kBroadcast, machine.now_ms);
  CHECK(run.updater.offer(second.offer(), UpdateTrigger::kBroadcast, machine.now_ms) ==
        OfferAnswer::kAccepted);
  REQUIRE(run.until(UpdateState::kRestarting));
  CHECK(run.log.count("started") == 1);
  CHECK(run.log.last("installed") == "installed s2");
}
