// A new image stays once it can be reached; else the clock goes back and says why.
#include <doctest/doctest.h>

#include <string>

#include "update/bench_clock.h"

using namespace skiclock;
using bench::kNew;
using bench::kOld;
using bench::Machine;
using bench::Run;

namespace {

// Installs `image` under the version kNew and boots it.
void update(Machine& machine, const std::string& image, const std::string& session = "s1") {
  machine.server.image = image;
  Run run(machine);
  const auto offered = images::offered(session, image, kNew);
  REQUIRE(run.updater.offer(offered.offer(), UpdateTrigger::kHourly, machine.now_ms) ==
          OfferAnswer::kAccepted);
  REQUIRE(run.until(UpdateState::kRestarting));
  machine.system.reason = "software";
  machine.slot.boot(false);
}

void restart(Machine& machine, const char* reason) {
  machine.power.restore();
  machine.system.reason = reason;
  machine.slot.boot(std::string(reason) == "power_on");
}

std::string new_image() { return images::program(kNew, 3000); }

// The one result that is kept: "s1 ok", or "s1 " and the reason.
std::string result(Run& run) {
  const auto results = run.results();
  if (results.size() != 1) return std::to_string(results.size()) + " results";
  return std::string(results[0].session_id) + " " + (results[0].success ? "ok" : results[0].reason);
}

// Whether a run on the old version would try the new one again.
bool is_refused(Run& run) { return run.records.refused.contains(text_of(kNew.c_str())); }

}  // namespace

TEST_CASE("a clock without an update behind it is not on trial") {
  Machine machine;
  Run run(machine);
  CHECK(run.trial.state() == TrialState::kNone);
  CHECK(run.results().empty());
  run.trial.on_heartbeat_acknowledged();
  for (int i = 0; i < 2000; ++i) run.turn();
  CHECK(machine.power.is_on());
  CHECK(machine.store.records.empty());
}

TEST_CASE("an acknowledged heartbeat confirms the new image") {
  Machine machine;
  update(machine, new_image());
  {
    Run run(machine);
    CHECK(run.version == kNew);
    CHECK(run.trial.is_on_trial());
    CHECK(run.results().empty());  // no word of success yet
    run.signs = {true, true};
    for (int i = 0; i < 1700; ++i) run.turn();
    run.trial.on_heartbeat_acknowledged();
    CHECK_FALSE(run.trial.is_on_trial());
    CHECK(result(run) == "s1 ok");
    for (int i = 0; i < 2000; ++i) run.turn();
    CHECK(machine.power.is_on());
  }
  restart(machine, "power_on");
  Run run(machine);
  CHECK(run.version == kNew);
  CHECK_FALSE(run.trial.is_on_trial());
  CHECK(result(run) == "s1 ok");
  run.records.results.acknowledge(text_of("s1"));
  CHECK(machine.store.records.empty());
}

TEST_CASE("without it the clock goes back after 3 minutes and says what was missing") {
  struct Row {
    TrialSigns signs;
    const char* reason;
  };
  const Row rows[] = {
      {{false, false}, "no Wi-Fi within 180 s on the new version"},
      {{true, false}, "Wi-Fi, but no broker within 180 s on the new version"},
      {{true, true}, "broker, but no acknowledged heartbeat within 180 s on the new version"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.reason);
    Machine machine;
    update(machine, new_image());
    {
      Run run(machine);
      run.signs = row.signs;
      for (int i = 0; i < 1799; ++i) run.turn();
      CHECK(machine.power.is_on());
      run.signs = {};  // what once worked counts
      run.turn();
      CHECK_FALSE(machine.power.is_on());
    }
    restart(machine, "software");
    Run run(machine);
    CHECK(run.version == kOld);
    CHECK(result(run) == std::string("s1 ") + row.reason);
    CHECK(is_refused(run));
    CHECK_FALSE(run.trial.is_on_trial());
  }
}

TEST_CASE("a new image that crashes is gone back from, and not tried again") {
  Machine machine;
  update(machine, new_image());
  { Run run(machine); }
  restart(machine, "panic");
  Run run(machine);
  CHECK(run.version == kOld);
  CHECK(result(run) == "s1 the new version restarted while on trial (panic)");
  CHECK(is_refused(run));
}

TEST_CASE("a new image that does not even start is not tried again") {
  Machine machine;
  update(machine, new_image());
  restart(machine, "watchdog");
  Run run(machine);
  CHECK(run.version == kOld);
  CHECK(result(run) == "s1 the new version did not start (watchdog)");
  CHECK(is_refused(run));
}

TEST_CASE("a power cut on trial is not the image's fault, a second one is the last") {
  Machine machine;
  update(machine, new_image());
  { Run run(machine); }
  restart(machine, "power_on");
  {
    Run run(machine);
    CHECK(run.version == kOld);
    CHECK(result(run) == "s1 the new version restarted while on trial (power_on)");
    CHECK_FALSE(is_refused(run));
    run.records.results.acknowledge(text_of("s1"));
  }
  update(machine, new_image(), "s2");
  { Run run(machine); }
  restart(machine, "brownout");
  Run run(machine);
  CHECK(result(run) == "s2 the new version restarted while on trial (brownout)");
  CHECK(is_refused(run));
}

TEST_CASE("an image that calls itself something else is gone back from at once") {
  for (const std::string& name : {std::string("2026.1.1.7"), kOld}) {
    Machine machine;
    update(machine, images::program(name, 3000));
    { Run run(machine); }
    CHECK_FALSE(machine.power.is_on());
    restart(machine, "software");
    Run run(machine);
    CHECK(run.version == kOld);
    CHECK(result(run) == "s1 the new image calls itself " + name);
    CHECK(is_refused(run));
  }
}

TEST_CASE("a download that a restart ended has failed, and may be tried again") {
  Machine machine;
  machine.server.image = new_image();
  {
    Run run(machine);
    const auto offered = images::offered("s1", machine.server.image, kNew);
    run.updater.offer(offered.offer(), UpdateTrigger::kHourly, machine.now_ms);
    REQUIRE(run.until(UpdateState::kReceiving));
  }
  restart(machine, "power_on");
  Run run(machine);
  CHECK(result(run) == "s1 the clock restarted before the update was complete (power_on)");
  CHECK_FALSE(is_refused(run));
}

TEST_CASE("nothing is installed over the image that a trial would go back to") {
  Machine machine;
  update(machine, new_image());
  Run run(machine);
  const auto next = images::offered("s2", images::program("2026.1.1.3", 3000), "2026.1.1.3");
  CHECK(run.updater.offer(next.offer(), UpdateTrigger::kCommand, machine.now_ms) ==
        OfferAnswer::kBusy);
  run.trial.on_heartbeat_acknowledged();
  CHECK(run.updater.offer(next.offer(), UpdateTrigger::kCommand, machine.now_ms) ==
        OfferAnswer::kAccepted);
}

TEST_CASE("an image on trial that nobody here installed must prove itself too") {
  Machine machine;
  update(machine, new_image());
  machine.store.records.clear();  // an older firmware keeps no records
  {
    Run run(machine);
    CHECK(run.trial.is_on_trial());
    for (int i = 0; i < 1800; ++i) run.turn();
    CHECK_FALSE(machine.power.is_on());
  }
  restart(machine, "software");
  Run run(machine);
  CHECK(run.version == kOld);
  CHECK(run.results().empty());
  CHECK(is_refused(run));
}

TEST_CASE("a boot loader that does not go back by itself is told to") {
  Machine machine;
  update(machine, new_image());
  { Run run(machine); }
  { Run run(machine); }  // restarted on trial, and still there
  CHECK_FALSE(machine.power.is_on());
  restart(machine, "software");
  Run run(machine);
  CHECK(run.version == kOld);
  CHECK(is_refused(run));
}

TEST_CASE("where there is nothing to go back to, the image stays, and the update has failed") {
  Machine machine;
  update(machine, new_image());
  machine.slot.has_previous = false;
  {
    Run run(machine);
    for (int i = 0; i < 1800; ++i) run.turn();
    CHECK_FALSE(run.trial.is_on_trial());
  }
  restart(machine, "software");
  Run run(machine);
  CHECK(run.version == kNew);
  CHECK_FALSE(run.trial.is_on_trial());
  CHECK(result(run) ==
        "s1 no Wi-Fi within 180 s on the new version; there is nothing to go back to");
}

TEST_CASE("a mislabelled image with nothing to go back to stays, once, without another trial") {
  Machine machine;
  update(machine, images::program("2026.1.1.7", 3000));
  machine.slot.has_previous = false;
  Run run(machine);
  CHECK_FALSE(run.trial.is_on_trial());
  CHECK(machine.slot.boot_state() == BootState::kConfirmed);
  CHECK(result(run) == "s1 the new image calls itself 2026.1.1.7; there is nothing to go back to");
  CHECK_FALSE(machine.store.records.count("update"));
}

TEST_CASE("an admin's word to go back is followed, and the version is not tried again") {
  Machine machine;
  update(machine, new_image());
  {
    Run run(machine);
    run.trial.on_heartbeat_acknowledged();
    run.records.results.acknowledge(text_of("s1"));
    run.trial.roll_back("told to go back");
    CHECK_FALSE(machine.power.is_on());
  }
  restart(machine, "software");
  Run run(machine);
  CHECK(run.version == kOld);
  CHECK(is_refused(run));
  CHECK(run.results().empty());
}

TEST_CASE("on an ESP32 the way back is on trial too: the old image stays, or the new one returns") {
  for (const bool is_reached : {true, false}) {
    CAPTURE(is_reached);
    Machine machine;
    machine.slot.goes_back_on_trial = true;
    update(machine, new_image());
    {
      Run run(machine);
      run.trial.on_heartbeat_acknowledged();
      run.records.results.acknowledge(text_of("s1"));
      run.trial.roll_back("told to go back");
    }
    restart(machine, "software");
    {
      Run run(machine);
      CHECK(run.version == kOld);
      CHECK(run.trial.is_on_trial());
      CHECK(is_refused(run));
      if (is_reached) run.trial.on_heartbeat_acknowledged();
      for (int i = 0; i < 2000 && machine.power.is_on(); ++i) run.turn();
    }
    CHECK(machine.power.is_on() == is_reached);
    restart(machine, "software");
    Run run(machine);
    CHECK(run.version == (is_reached ? kOld : kNew));
    CHECK_FALSE(run.trial.is_on_trial());
    CHECK(run.results().empty());
    CHECK_FALSE(machine.store.records.count("update"));
  }
}

TEST_CASE("told to go back in the middle of a download: there is nothing left to go back to") {
  Machine machine;
  update(machine, new_image());
  Run run(machine);
  run.trial.on_heartbeat_acknowledged();
  run.records.results.acknowledge(text_of("s1"));
  machine.server.image = images::program("2026.1.1.3", 3000);
  const auto next = images::offered("s2", machine.server.image, "2026.1.1.3");
  run.updater.offer(next.offer(), UpdateTrigger::kHourly, machine.now_ms);
  REQUIRE(run.until(UpdateState::kReceiving));
  run.trial.roll_back("told to go back");
  CHECK(machine.power.is_on());
  CHECK(result(run) == "s2 the clock was told to go back meanwhile");
  CHECK_FALSE(run.records.refused.contains(text_of("2026.1.1.3")));
  restart(machine, "power_on");
  Run later(machine);
  CHECK(later.version == kNew);
  CHECK_FALSE(is_refused(later));
}

TEST_CASE("a chip that cannot go back reports success after the boot") {
  Machine machine(fakes::SlotKind::kStaged);
  update(machine, new_image());
  Run run(machine);
  CHECK(run.version == kNew);
  CHECK_FALSE(run.trial.is_on_trial());
  CHECK(result(run) == "s1 ok");
}

TEST_CASE("a chip that cannot go back and lost the switch by a power cut may try once more") {
  Machine machine(fakes::SlotKind::kStaged);
  for (const char* session : {"s1", "s2"}) {
    {
      Run run(machine);
      CHECK_FALSE(is_refused(run));
    }
    machine.server.image = new_image();
    {
      Run run(machine);
      const auto offered = images::offered(session, machine.server.image, kNew);
      run.updater.offer(offered.offer(), UpdateTrigger::kHourly, machine.now_ms);
      REQUIRE(run.until(UpdateState::kRestarting));
    }
    restart(machine, "power_on");
    Run run(machine);
    CHECK(run.version == kOld);
    CHECK(result(run) == std::string(session) + " the new version did not start (power_on)");
    run.records.results.acknowledge(text_of(session));
  }
  Run run(machine);
  CHECK(is_refused(run));
}

TEST_CASE("a chip that cannot go back does not install a mislabelled image for ever") {
  Machine machine(fakes::SlotKind::kStaged);
  update(machine, images::program("2026.1.1.0", 3000));
  Run run(machine);
  CHECK(run.version == "2026.1.1.0");
  CHECK(result(run) == "s1 the new version did not start (software)");
  CHECK(is_refused(run));
}
