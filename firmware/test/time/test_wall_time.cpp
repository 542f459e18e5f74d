// The wall time: who is believed, what is stepped and what is slewed, drift, error, the wrap.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "skiclock/time/wall_time.h"

using skiclock::Adjustment;
using skiclock::TimeSource;
using skiclock::WallTime;

namespace {

constexpr std::int64_t kNoonMs = 1795521600000;  // 24 November 2026, 12:00 UTC
constexpr std::uint32_t kHourMs = 3600 * 1000;

// Feeds hourly answers to a crystal that runs slow by `ppm`, each wrong by `noise_ms` in turn.
std::uint32_t run_hours(WallTime& wall, std::uint32_t from_ms, int hours, int ppm, int noise_ms) {
  std::uint32_t now_ms = from_ms;
  for (int hour = 1; hour <= hours; ++hour) {
    now_ms += kHourMs;
    wall.poll(now_ms);
    const std::int64_t own_ms = static_cast<std::uint32_t>(now_ms - from_ms);
    const std::int64_t true_ms = kNoonMs + own_ms + own_ms * ppm / 1000000;
    wall.set(TimeSource::kNtp, true_ms + (hour % 2 != 0 ? noise_ms : -noise_ms), now_ms, 20);
  }
  return now_ms;
}

}  // namespace

TEST_CASE("nobody told the time: none is claimed") {
  WallTime wall;
  wall.poll(5);
  CHECK_FALSE(wall.is_set());
  CHECK(wall.error_ms(5) == -1);
  CHECK(wall.sync_age_s(5) == -1);
  CHECK(std::string(word_for(wall.source())) == "none");
}

TEST_CASE("the time runs on from what was told") {
  WallTime wall;
  CHECK(wall.set(TimeSource::kNtp, kNoonMs, 1000, 25) == Adjustment::kFirst);
  CHECK(wall.unix_ms(1000) == kNoonMs);
  CHECK(wall.unix_ms(4500) == kNoonMs + 3500);
  CHECK(wall.unix_s(4500) == kNoonMs / 1000 + 3);
  CHECK(wall.unix_ms(900) == kNoonMs - 100);  // a task that took its milliseconds just before
}

struct Row {
  TimeSource before, source;
  std::int64_t offset_ms;
  Adjustment expected;
};

TEST_CASE("each source against each") {
  for (const Row& row : {
           Row{TimeSource::kNone, TimeSource::kNone, 0, Adjustment::kIgnored},
           Row{TimeSource::kNone, TimeSource::kRtc, 0, Adjustment::kFirst},
           Row{TimeSource::kNone, TimeSource::kNtp, 0, Adjustment::kFirst},
           Row{TimeSource::kRtc, TimeSource::kRtc, 900, Adjustment::kSlewed},
           Row{TimeSource::kRtc, TimeSource::kNtp, -2000, Adjustment::kSlewed},
           Row{TimeSource::kRtc, TimeSource::kNtp, -2001, Adjustment::kStepped},
           Row{TimeSource::kNtp, TimeSource::kRtc, 900, Adjustment::kIgnored},
           Row{TimeSource::kNtp, TimeSource::kNone, 0, Adjustment::kIgnored},
           Row{TimeSource::kNtp, TimeSource::kNtp, 0, Adjustment::kSlewed},
           Row{TimeSource::kNtp, TimeSource::kNtp, 2000, Adjustment::kSlewed},
           Row{TimeSource::kNtp, TimeSource::kNtp, 86400000, Adjustment::kStepped},
       }) {
    CAPTURE(int(row.before));
    CAPTURE(int(row.source));
    CAPTURE(row.offset_ms);
    WallTime wall;
    if (row.before != TimeSource::kNone) wall.set(row.before, kNoonMs, 0, 10);
    CHECK(wall.set(row.source, kNoonMs + row.offset_ms, 0, 10) == row.expected);
    const bool is_ignored = row.expected == Adjustment::kIgnored;
    CHECK(wall.source() == (is_ignored ? row.before : row.source));
  }
}

TEST_CASE("a time that cannot be is not taken") {
  for (const std::int64_t unix_s :
       {std::int64_t{946684800}, std::int64_t{0}, std::int64_t{-1}, std::int64_t{1767225599},
        std::int64_t{4102444800}, INT64_MAX / 1000}) {
    WallTime wall;
    CHECK(wall.set(TimeSource::kNtp, unix_s * 1000, 0, 0) == Adjustment::kIgnored);
    CHECK_FALSE(wall.is_set());
  }
}

TEST_CASE("a small error is worked off without a jump in either direction") {
  for (const std::int64_t offset_ms : {-2000, -350, -1, 1, 700, 2000}) {
    CAPTURE(offset_ms);
    WallTime wall;
    wall.set(TimeSource::kRtc, kNoonMs, 0, -1);
    REQUIRE(wall.set(TimeSource::kNtp, kNoonMs + offset_ms, 0, 10) == Adjustment::kSlewed);
    CHECK(wall.last_offset_ms() == offset_ms);
    std::int64_t last_ms = wall.unix_ms(0);
    CHECK(last_ms == kNoonMs);
    for (std::uint32_t now_ms = 100; now_ms <= 40000; now_ms += 100) {
      const std::int64_t time_ms = wall.unix_ms(now_ms);
      REQUIRE(time_ms - last_ms >= 93);
      REQUIRE(time_ms - last_ms <= 107);
      last_ms = time_ms;
    }
    CHECK(last_ms == kNoonMs + offset_ms + 40000);
  }
}

TEST_CASE("a correction that comes while another is worked off replaces it") {
  WallTime wall;
  wall.set(TimeSource::kNtp, kNoonMs, 0, 10);
  wall.set(TimeSource::kNtp, kNoonMs + 1600, 0, 10);
  CHECK(wall.unix_ms(16000) == kNoonMs + 17000);  // 1000 of the 1600 are done
  REQUIRE(wall.set(TimeSource::kNtp, kNoonMs + 16000, 16000, 10) == Adjustment::kSlewed);
  CHECK(wall.last_offset_ms() == -1600);
  CHECK(wall.unix_ms(16000) == kNoonMs + 17000);
  CHECK(wall.unix_ms(60000) == kNoonMs + 60000);
}

TEST_CASE("a large error is jumped over at once") {
  WallTime wall;
  wall.set(TimeSource::kRtc, kNoonMs, 0, -1);
  CHECK(wall.set(TimeSource::kNtp, kNoonMs - 5000, 0, 10) == Adjustment::kStepped);
  CHECK(wall.unix_ms(0) == kNoonMs - 5000);
  CHECK(wall.error_ms(0) == 10);
}

TEST_CASE("milliseconds wrap without anybody noticing, again and again") {
  WallTime wall;
  std::uint32_t now_ms = 0xFFFFFF00U;
  wall.poll(now_ms);
  wall.set(TimeSource::kNtp, kNoonMs, now_ms, 10);
  std::int64_t passed_ms = 0;
  for (int i = 0; i < 400; ++i) {  // 400 half-days: four wraps
    now_ms += kHourMs * 12;
    passed_ms += kHourMs * 12;
    wall.poll(now_ms);
    REQUIRE(wall.unix_ms(now_ms) == kNoonMs + passed_ms);
    REQUIRE(wall.uptime_s(now_ms) == passed_ms / 1000);
  }
  CHECK(wall.sync_age_s(now_ms) == passed_ms / 1000);
}

TEST_CASE("moving the anchor at each loop loses nothing") {
  WallTime wall;
  wall.set(TimeSource::kNtp, kNoonMs, 0, 10);
  run_hours(wall, 0, 26, 37, 0);
  REQUIRE(wall.drift_ppm() == 37);
  const std::uint32_t from_ms = 26 * kHourMs + 1000;
  wall.poll(from_ms);
  const std::int64_t begin_ms = wall.unix_ms(from_ms);
  for (std::uint32_t now_ms = from_ms; now_ms < from_ms + 30 * kHourMs; now_ms += 997) {
    wall.poll(now_ms);
  }
  const std::int64_t passed_ms = wall.unix_ms(from_ms + 30 * kHourMs) - begin_ms;
  CHECK(passed_ms == 30 * kHourMs + 30LL * kHourMs * 37 / 1000000);
}

TEST_CASE("drift is measured, made up for, and noise averages out") {
  for (const int ppm : {-40, 0, 25, 120}) {
    CAPTURE(ppm);
    WallTime wall;
    wall.poll(0);
    wall.set(TimeSource::kNtp, kNoonMs, 0, 20);
    CHECK_FALSE(wall.has_drift());
    const std::uint32_t now_ms = run_hours(wall, 0, 24, ppm, 15);
    REQUIRE(wall.has_drift());
    CHECK(wall.drift_ppm() >= ppm - 2);
    CHECK(wall.drift_ppm() <= ppm + 2);
    // Ten days without a network.
    const std::uint32_t later_ms = now_ms + 240 * kHourMs;
    const std::int64_t true_ms = kNoonMs + later_ms + std::int64_t{later_ms} * ppm / 1000000;
    std::int64_t error_ms = wall.unix_ms(later_ms) - true_ms;
    if (error_ms < 0) error_ms = -error_ms;
    CHECK(error_ms <= 240LL * kHourMs * 2 / 1000000 + 60);
    CHECK(wall.error_ms(later_ms) >= error_ms);
  }
}

TEST_CASE("answers that came a long way do not teach a drift") {
  WallTime wall;
  wall.set(TimeSource::kNtp, kNoonMs, 0, 800);
  wall.poll(kHourMs);
  wall.set(TimeSource::kNtp, kNoonMs + kHourMs + 700, kHourMs, 800);
  CHECK_FALSE(wall.has_drift());
}

TEST_CASE("a server that jumps does not teach a drift") {
  WallTime wall;
  wall.set(TimeSource::kNtp, kNoonMs, 0, 20);
  run_hours(wall, 0, 12, 10, 0);
  REQUIRE(wall.drift_ppm() == 10);
  const std::uint32_t now_ms = 13 * kHourMs;
  wall.set(TimeSource::kNtp, kNoonMs + now_ms + 3600 * 1000, now_ms, 20);
  CHECK(wall.drift_ppm() == 10);
  const std::uint32_t later_ms = now_ms + kHourMs;
  wall.set(TimeSource::kNtp, kNoonMs + later_ms + 3600 * 1000, later_ms, 20);
  CHECK(wall.drift_ppm() == 10);
}

TEST_CASE("the error grows until the next answer, slower once the drift is known") {
  WallTime wall;
  wall.set(TimeSource::kNtp, kNoonMs, 0, 20);
  CHECK(wall.error_ms(0) == 20);
  CHECK(wall.error_ms(10 * kHourMs) == 20 + 36 * 40);
  run_hours(wall, 0, 2, 0, 0);
  REQUIRE(wall.has_drift());
  CHECK(wall.error_ms(2 * kHourMs) == 20);
  CHECK(wall.error_ms(12 * kHourMs) == 20 + 36 * 15);
}

TEST_CASE("what is still to be worked off is part of the error, and the RTC's is unknown") {
  WallTime wall;
  wall.set(TimeSource::kRtc, kNoonMs, 0, -1);
  CHECK(wall.error_ms(0) == -1);
  wall.set(TimeSource::kNtp, kNoonMs + 1000, 0, 20);
  CHECK(wall.error_ms(0) == 1020);
  CHECK(wall.error_ms(8000) == 520);
  CHECK(wall.error_ms(16000) == 20);
}
