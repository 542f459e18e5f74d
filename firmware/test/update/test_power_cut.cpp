// The power is cut at every step of an update: each byte written, each block erased, each record,
// each flag, each piece received. What runs afterwards is always a whole program that was checked,
// the server always hears how it ended, and it always ends.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "update/bench_clock.h"

using namespace skiclock;
using bench::kNew;
using bench::kOld;
using bench::Machine;
using bench::Run;

namespace {

constexpr int kMaxBoots = 15;

// How the world around the clock behaves in one story.
struct Story {
  fakes::SlotKind kind = fakes::SlotKind::kTwoSlots;
  std::string image = images::program(kNew, 600);
  bool heartbeats_are_acknowledged = true;
  bool crashes = false;     // the new program, a moment after its start
  bool is_damaged = false;  // what the server sends is not what it offered
  std::string reason_after_cut = "power_on";
};

// What the server knows: it offers the new version while the clock runs another one, each time in
// a session of its own, until it loses patience. It acknowledges every result.
struct Server {
  int sessions = 0;
  bool is_open = false;                     // the last session has not ended
  bool has_begun = false;                   // and the clock has said that it began
  std::map<std::string, std::string> ends;  // by session

  std::string session() const { return "s" + std::to_string(sessions); }
  bool wants_to_offer() const { return is_open ? !has_begun : sessions < 4; }
  images::Offered offer(const std::string& image) {
    static std::map<std::string, images::Offered> made;
    if (!is_open) ++sessions;  // else the clock asks again, and is told the same
    is_open = true;
    has_begun = false;
    const std::string name = session() + image;
    if (!made.count(name)) made[name] = images::offered(session(), image, kNew);
    return made[name];
  }
  // The clock came back without having begun: it has forgotten the offer.
  void hear_of_restart() {
    if (!is_open || has_begun) return;
    ends.emplace(session(), "lapsed");
    is_open = false;
  }
  void hear(const UpdateResult& result) {
    ends.emplace(result.session_id, result.success ? "ok" : result.reason);
    if (session() == result.session_id) is_open = false;
  }
};

struct Outcome {
  std::string version;
  bool is_refused = false;
  std::uint64_t steps = 0;
  Server server;
};

// Everything that the server and the clock have to say to each other this turn.
void talk(Run& run, const Story& story, Server& server, int turn) {
  if (turn % 10 == 5 && run.version != kNew && server.wants_to_offer()) {
    const images::Offered offered = server.offer(story.image);
    run.updater.offer(offered.offer(), UpdateTrigger::kCommand, run.machine.now_ms);
  }
  if (turn < 10) return;  // Wi-Fi and broker take their time
  UpdateResult result;
  while (run.machine.power.is_on() && run.records.results.take_due(run.machine.now_ms, &result)) {
    server.hear(result);
    run.records.results.acknowledge(text_of(result.session_id));
  }
  if (story.heartbeats_are_acknowledged && turn > 20) run.trial.on_heartbeat_acknowledged();
}

// Runs whatever program the slot holds; returns why that ends: the reset reason, "off", or ""
// where all is quiet.
std::string live(Machine& machine, const Story& story, Server& server) {
  Run run(machine);
  run.signs = {true, true};
  server.hear_of_restart();
  for (int turn = 0; turn < 1000; ++turn) {
    if (machine.power.is_on()) talk(run, story, server, turn);
    run.turn();
    const bool has_begun = run.log.count("started " + server.session() + " ") > 0;
    if (machine.power.is_on() && has_begun) server.has_begun = true;
    if (turn > 30) machine.now_ms += 5000;  // a trial takes long
    if (!machine.power.is_on()) return "off";
    if (run.version == kNew && story.crashes && turn == 15) return "panic";
    if (run.updater.wants_restart()) return "software";
    const bool is_quiet = run.updater.state() == UpdateState::kIdle && !run.trial.is_on_trial() &&
                          run.records.results.count() == 0 && !server.is_open &&
                          (run.version == kNew || !server.wants_to_offer());
    if (is_quiet && turn > 30) return "";
  }
  FAIL("a run without end");
  return "";
}

// Returns whether the power had been cut.
bool restart(Machine& machine, const Story& story, const std::string& end) {
  // A roll-back ends in the dark too.
  const bool was_cut = machine.power.was_cut();
  machine.system.reason = was_cut ? story.reason_after_cut.c_str() : "software";
  if (end == "panic") machine.system.reason = "panic";
  machine.power.turn_on();
  machine.slot.boot(was_cut);
  return was_cut;
}

// The story with the power cut just before step `cut`, and perhaps once more `next_cut` steps
// later, from the first start until all is quiet.
Outcome play(const Story& story, std::uint64_t cut, std::uint64_t next_cut = fakes::Power::kNever) {
  Machine machine(story.kind);
  machine.server.image = story.image;
  if (story.is_damaged) machine.server.image.back() ^= 1;
  machine.power.cut_before(cut);
  Outcome outcome;
  std::string end = "on";
  for (int boot = 0; boot < kMaxBoots && !end.empty(); ++boot) {
    if (boot > 0 && restart(machine, story, end)) {
      machine.power.cut_before(next_cut);
      next_cut = fakes::Power::kNever;
    }
    end = live(machine, story, outcome.server);
    const std::string& program = machine.slot.running();
    CHECK((program == images::program(kOld, 700) || program == story.image));
  }
  CHECK_MESSAGE(end.empty(), "restarts without end");
  Run last(machine);
  outcome.version = last.version;
  outcome.is_refused = last.records.refused.contains(text_of(kNew.c_str()));
  outcome.steps = machine.power.steps();
  CHECK(last.results().empty());
  CHECK_FALSE(machine.store.records.count("update"));
  CHECK(outcome.server.ends.size() == static_cast<std::size_t>(outcome.server.sessions));
  return outcome;
}

// Plays the story once for each step that it takes; returns how many there were.
template <typename Check>
std::uint64_t at_each_step(const Story& story, Check check) {
  const Outcome undisturbed = play(story, fakes::Power::kNever);
  check(undisturbed);
  for (std::uint64_t cut = 0; cut < undisturbed.steps; ++cut) {
    CAPTURE(cut);
    check(play(story, cut));
  }
  return undisturbed.steps;
}

std::size_t successes(const Outcome& outcome) {
  std::size_t count = 0;
  for (const auto& [session, end] : outcome.server.ends) count += end == "ok";
  return count;
}

}  // namespace

TEST_CASE("power cut at each step of a good update: at worst it is tried once more") {
  for (const char* reason : {"power_on", "brownout", "unknown"}) {
    Story story;
    story.reason_after_cut = reason;
    const std::uint64_t steps = at_each_step(story, [&](const Outcome& outcome) {
      const bool is_blamed = outcome.is_refused;
      CAPTURE(outcome.server.ends.begin()->second);
      // After a restart for no known reason the image is taken to be at fault.
      CHECK((!is_blamed || story.reason_after_cut == "unknown"));
      CHECK(outcome.version == (is_blamed ? kOld : kNew));
      CHECK(successes(outcome) == (is_blamed ? 0 : 1));
      if (!is_blamed) CHECK(outcome.server.sessions <= 2);
    });
    CHECK(steps > 600);  // each byte is one
  }
}

TEST_CASE("power cut at each step of an update that cannot be reached: it is gone back from") {
  Story story;
  story.heartbeats_are_acknowledged = false;
  at_each_step(story, [](const Outcome& outcome) {
    CHECK(outcome.version == kOld);
    CHECK(outcome.is_refused);
    CHECK(successes(outcome) == 0);
  });
}

TEST_CASE("power cut at each step of an update that crashes: it is gone back from") {
  Story story;
  story.crashes = true;
  at_each_step(story, [](const Outcome& outcome) {
    CHECK(outcome.version == kOld);
    CHECK(outcome.is_refused);
    CHECK(successes(outcome) == 0);
  });
}

TEST_CASE("power cut at each step of a mislabelled update: it is gone back from") {
  Story story;
  story.image = images::program("2026.1.1.9", 600);
  at_each_step(story, [](const Outcome& outcome) {
    CHECK(outcome.version == kOld);
    CHECK(outcome.is_refused);
    CHECK(successes(outcome) == 0);
  });
}

TEST_CASE("power cut at each step of an update that fails: each session ends, none is to blame") {
  Story story;
  story.is_damaged = true;
  at_each_step(story, [](const Outcome& outcome) {
    CHECK(outcome.version == kOld);
    CHECK_FALSE(outcome.is_refused);
    CHECK(outcome.server.sessions == 4);
    CHECK(successes(outcome) == 0);
  });
}

TEST_CASE("power cut at each step on a chip that cannot go back: at worst it is tried once more") {
  Story story;
  story.kind = fakes::SlotKind::kStaged;
  at_each_step(story, [](const Outcome& outcome) {
    CHECK(outcome.version == kNew);
    CHECK_FALSE(outcome.is_refused);
    CHECK(successes(outcome) == 1);
    CHECK(outcome.server.sessions <= 2);
  });
}

TEST_CASE("power cut at any two steps: whole programs, an end for each session, and an end") {
  for (const bool is_good : {true, false}) {
    for (const fakes::SlotKind kind : {fakes::SlotKind::kTwoSlots, fakes::SlotKind::kStaged}) {
      Story story;
      story.kind = kind;
      story.image = images::program(kNew, 30);
      story.crashes = !is_good && kind == fakes::SlotKind::kTwoSlots;
      const std::uint64_t steps = play(story, fakes::Power::kNever).steps;
      std::size_t blamed = 0;
      for (std::uint64_t cut = 0; cut < steps; ++cut) {
        for (std::uint64_t next_cut = 0; next_cut < steps; ++next_cut) {
          CAPTURE(cut);
          CAPTURE(next_cut);
          const Outcome outcome = play(story, cut, next_cut);
          CHECK(outcome.version == (outcome.is_refused ? kOld : kNew));
          CHECK(successes(outcome) == (outcome.is_refused ? 0 : 1));
          blamed += outcome.is_refused;
        }
      }
      // Cut twice at the switch or on trial, a good image is blamed; elsewhere never.
      CHECK(blamed < (story.crashes ? steps * steps + 1 : steps * steps / 10));
      CHECK((blamed == steps * steps) == story.crashes);
    }
  }
}
