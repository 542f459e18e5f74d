// Updates on chips that are short of memory.
#include <doctest/doctest.h>

#include <string>

#include "update/bench_clock.h"

using namespace skiclock;
using bench::kNew;
using bench::Machine;
using bench::Run;

namespace {

// A policy that wants 15 kB, on a machine that has 10.
UpdatePolicy hungry(bool needs_line_alone) {
  UpdatePolicy policy = Run::policy();
  policy.min_free_heap_bytes = 15000;
  policy.needs_line_alone = needs_line_alone;
  return policy;
}

void offer(Run& run) {
  run.machine.server.image = images::program(kNew, 2500);
  const auto offered = images::offered("s1", run.machine.server.image, kNew);
  REQUIRE(run.updater.offer(offered.offer(), UpdateTrigger::kHourly, run.machine.now_ms) ==
          OfferAnswer::kAccepted);
}

}  // namespace

TEST_CASE("too little memory is a polite later, with a reason, and nothing is touched meanwhile") {
  Machine machine;
  machine.system.free_heap = 10000;
  Run run(machine, hungry(false));
  offer(run);
  for (int i = 0; i < 10; ++i) run.turn();
  CHECK(run.updater.state() == UpdateState::kWaiting);
  CHECK(run.log.lines.size() == 1);
  CHECK(run.log.lines[0] == "postponed s1 30000 too little memory: 10000 bytes free, 15000 needed");
  CHECK(machine.store.records.empty());
  machine.system.free_heap = 15000;
  REQUIRE(run.until(UpdateState::kRestarting));
  CHECK(run.log.count("started") == 1);
}

TEST_CASE("later comes later each time, and ends as a failure that the server hears of") {
  Machine machine;
  machine.system.free_heap = 10000;
  Run run(machine, hungry(false));
  offer(run);
  REQUIRE(run.until(UpdateState::kWaiting));
  REQUIRE(run.until(UpdateState::kIdle));
  const char* const delays[] = {"30000", "60000", "120000", "240000", "300000"};
  std::size_t postponed = 0;
  for (const std::string& line : run.log.lines) {
    if (line.compare(0, 9, "postponed") != 0) continue;
    const char* const delay = delays[std::min<std::size_t>(postponed++, 4)];
    CHECK(line.compare(13, std::string(delay).size() + 1, std::string(delay) + " ") == 0);
  }
  CHECK(postponed == 8);
  REQUIRE(run.results().size() == 1);
  CHECK(std::string(run.results()[0].reason) ==
        "too little memory: 10000 bytes free, 15000 needed");
  CHECK(machine.server.requests.empty());
}

TEST_CASE("where two connections do not fit, the broker's is to be closed for the download") {
  Machine machine;
  machine.system.free_heap = 10000;
  Run run(machine, hungry(true));
  CHECK_FALSE(run.updater.wants_line_alone());
  offer(run);
  REQUIRE(run.until(UpdateState::kPreparing));
  CHECK_FALSE(run.updater.wants_line_alone());  // the start is still to be told
  run.turn();
  CHECK(run.log.count("started") == 1);
  REQUIRE(run.updater.wants_line_alone());
  CHECK(run.updater.state() == UpdateState::kPreparing);
  machine.system.free_heap = 30000;  // the app has closed it
  REQUIRE(run.until(UpdateState::kReceiving));
  CHECK(run.updater.wants_line_alone());
  REQUIRE(run.until(UpdateState::kReadingBack));
  CHECK_FALSE(run.updater.wants_line_alone());
  REQUIRE(run.until(UpdateState::kRestarting));
  CHECK(run.log.count("started") == 1);
}

TEST_CASE("where closing it does not help, the line is given back until the next try") {
  Machine machine;
  machine.system.free_heap = 10000;
  Run run(machine, hungry(true));
  offer(run);
  REQUIRE(run.until(UpdateState::kPreparing));
  for (int i = 0; i < 49; ++i) run.turn();
  CHECK(run.updater.wants_line_alone());
  CHECK(run.until(UpdateState::kWaiting, 3));
  CHECK_FALSE(run.updater.wants_line_alone());
  CHECK(run.log.count("postponed") == 1);
  REQUIRE(run.until(UpdateState::kIdle));
  CHECK(run.log.count("started") == 1);
  CHECK(run.results().size() == 1);
}

TEST_CASE("an announced update that another takes the place of has an end too") {
  Machine machine;
  machine.system.free_heap = 10000;
  Run run(machine, hungry(true));
  offer(run);
  REQUIRE(run.until(UpdateState::kPreparing));
  REQUIRE(run.until(UpdateState::kWaiting));
  machine.system.free_heap = 30000;
  machine.server.image = images::program("2026.1.1.3", 2500);
  const auto other = images::offered("s2", machine.server.image, "2026.1.1.3");
  run.updater.offer(other.offer(), UpdateTrigger::kHourly, machine.now_ms);
  REQUIRE(run.until(UpdateState::kRestarting));
  REQUIRE(run.results().size() == 1);
  CHECK(std::string(run.results()[0].session_id) == "s1");
  CHECK(std::string(run.results()[0].reason) == "another version was offered");
  CHECK(run.log.last("installed") == "installed s2");
}
