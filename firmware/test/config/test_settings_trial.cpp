// New connection settings: kept once the broker answers, taken back if it does not; and the power
// may fail at any step.
#include <doctest/doctest.h>

#include <string>

#include "config/settings_bench.h"

using skiclock::kConnectionTrialMs;
using skiclock::fakes::FakeStore;
using skiclock::fakes::Power;
using Outcome = skiclock::ApplyResult::Outcome;

namespace {

constexpr char kMove[] = R"({"mqtt_host":"new.example.org","brightness":9})";

// Returns whether the settings were taken back.
bool pass(skiclock::SettingsStore& settings, std::uint32_t ms, bool is_network_up = true,
          std::uint32_t from_ms = 0xFFFF0000U) {
  bool is_taken_back = false;
  for (std::uint32_t passed = 0; passed <= ms; passed += 1000) {
    is_taken_back = settings.poll(is_network_up, from_ms + passed) || is_taken_back;
  }
  return is_taken_back;
}

std::string host_after_boot(FakeStore& store) { return Clock(store, club_build()).now().mqtt_host; }

}  // namespace

TEST_CASE("without an answer of the broker new connection settings are taken back") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(R"({"brightness":5})"), 1);
  REQUIRE(clock.settings.apply(text_of(kMove), 2).outcome == Outcome::kApplied);
  CHECK(clock.settings.is_on_trial());
  CHECK_FALSE(pass(clock.settings, kConnectionTrialMs - 1000));
  CHECK(std::string(clock.now().mqtt_host) == "new.example.org");
  CHECK(pass(clock.settings, 2000, true, 0xFFFF0000U + kConnectionTrialMs - 1000));
  CHECK(std::string(clock.now().mqtt_host) == "built.example.org");
  CHECK(int(clock.now().light.brightness) == 5);
  CHECK(clock.now().version == 1);
  CHECK_FALSE(clock.settings.is_on_trial());
  CHECK(host_after_boot(store) == "built.example.org");
}

TEST_CASE("a version that was taken back is refused when it comes again, the next one is tried") {
  FakeStore store;
  {
    Clock clock(store, club_build());
    clock.settings.apply(text_of(kMove), 2);
    REQUIRE(pass(clock.settings, kConnectionTrialMs + 1000));
  }
  Clock clock(store, club_build());
  const skiclock::ApplyResult again = clock.settings.apply(text_of(kMove), 2);
  CHECK(again.outcome == Outcome::kRefused);
  CHECK(std::string(again.why) == "no connection with it");
  CHECK(clock.settings.apply(text_of(kMove), 3).outcome == Outcome::kApplied);
}

TEST_CASE("an answer of the broker makes them stay") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(kMove), 2);
  clock.settings.confirm_connection();
  CHECK_FALSE(clock.settings.is_on_trial());
  CHECK_FALSE(pass(clock.settings, 2 * kConnectionTrialMs));
  CHECK(host_after_boot(store) == "new.example.org");
}

TEST_CASE("time without a network does not count against them") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(kMove), 2);
  CHECK_FALSE(pass(clock.settings, 5 * kConnectionTrialMs, false));
  CHECK(clock.settings.is_on_trial());
}

TEST_CASE("the trial goes on after a restart") {
  FakeStore store;
  Clock(store, club_build()).settings.apply(text_of(kMove), 2);
  Clock clock(store, club_build());
  REQUIRE(clock.settings.is_on_trial());
  CHECK(std::string(clock.now().mqtt_host) == "new.example.org");
  CHECK(pass(clock.settings, kConnectionTrialMs + 1000));
  CHECK(host_after_boot(store) == "built.example.org");
}

TEST_CASE("two moves without an answer lead back to the last place that answered") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(kMove), 2);
  clock.settings.apply(text_of(R"({"mqtt_host":"third.example.org"})"), 3);
  CHECK(pass(clock.settings, kConnectionTrialMs + 1000));
  CHECK(std::string(clock.now().mqtt_host) == "built.example.org");
}

TEST_CASE("settings that do not concern the connection are not on trial") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(R"({"brightness":9,"mqtt_host":"built.example.org"})"), 2);
  CHECK_FALSE(clock.settings.is_on_trial());
}

TEST_CASE("a power cut at any step of a change leaves the old settings or the new ones") {
  bool was_completed = false;
  for (std::uint64_t step = 0; !was_completed; ++step) {
    CAPTURE(step);
    REQUIRE(step < 100);
    Power power;
    FakeStore store(power);
    {
      Clock before(store, club_build());
      before.settings.apply(text_of(R"({"brightness":5,"name":"before"})"), 1);
    }
    power.cut_before(step);
    {
      Clock clock(store, club_build());
      clock.settings.apply(text_of(R"({"mqtt_host":"new.example.org","brightness":9})"), 2);
      clock.settings.confirm_connection();
      was_completed = power.is_on();
    }
    power.restore();
    Clock after(store, club_build());
    const bool is_new = int(after.now().light.brightness) == 9;
    CHECK(std::string(after.now().mqtt_host) == (is_new ? "new.example.org" : "built.example.org"));
    CHECK(std::string(after.now().name) == (is_new ? "" : "before"));
    CHECK(after.now().version == (is_new ? 2 : 1));
    CHECK_FALSE(after.settings.was_damaged());
    // And it can be told again.
    CHECK(after.settings.apply(text_of(R"({"brightness":10})"), 3).outcome == Outcome::kApplied);
    CHECK(int(Clock(store, club_build()).now().light.brightness) == 10);
  }
}

TEST_CASE("a power cut at any step of taking back leads back at last") {
  bool was_completed = false;
  for (std::uint64_t step = 0; !was_completed; ++step) {
    CAPTURE(step);
    REQUIRE(step < 100);
    Power power;
    FakeStore store(power);
    Clock(store, club_build()).settings.apply(text_of(kMove), 2);
    {
      Clock clock(store, club_build());
      power.cut_before(step);
      pass(clock.settings, kConnectionTrialMs + 1000);
      was_completed = power.is_on();
    }
    power.restore();
    Clock after(store, club_build());
    pass(after.settings, kConnectionTrialMs + 1000);
    CHECK(std::string(after.now().mqtt_host) == "built.example.org");
    CHECK_FALSE(after.settings.is_on_trial());
  }
}
