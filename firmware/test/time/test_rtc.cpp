// The RTC: believed at boot, told the time hourly, and only what NTP said.
#include <doctest/doctest.h>

#include <vector>

#include "skiclock/time/rtc.h"

using skiclock::RtcKeeper;
using skiclock::TimeSource;
using skiclock::WallTime;

namespace {

constexpr std::int64_t kNoonS = 1795521600;

struct FakeRtc : skiclock::RtcPort {
  bool is_fitted = true;
  std::int64_t unix_s = kNoonS;
  std::vector<std::int64_t> written;

  bool read(std::int64_t* out) override {
    *out = unix_s;
    return is_fitted;
  }
  bool write(std::int64_t value) override {
    if (!is_fitted) return false;
    written.push_back(value);
    return true;
  }
};

void pass(RtcKeeper& keeper, WallTime& wall, std::uint32_t from_ms, std::uint32_t ms) {
  for (std::uint32_t now_ms = from_ms; now_ms < from_ms + ms; now_ms += 10) {
    wall.poll(now_ms);
    keeper.poll(now_ms);
  }
}

}  // namespace

TEST_CASE("at boot the time is there at once") {
  FakeRtc rtc;
  WallTime wall;
  RtcKeeper keeper(rtc, wall);
  REQUIRE(keeper.begin(100));
  CHECK(keeper.is_fitted());
  CHECK(wall.source() == TimeSource::kRtc);
  CHECK(wall.unix_s(100) == kNoonS);
}

TEST_CASE("no RTC, or one whose years cannot be, tells nothing") {
  for (const std::int64_t unix_s : {std::int64_t{946684800}, std::int64_t{1767225599},
                                    std::int64_t{4102444800}, std::int64_t{-1}}) {
    FakeRtc rtc;
    rtc.unix_s = unix_s;
    WallTime wall;
    RtcKeeper keeper(rtc, wall);
    CHECK_FALSE(keeper.begin(0));
    CHECK(keeper.is_fitted());
    CHECK_FALSE(wall.is_set());
  }
  FakeRtc rtc;
  rtc.is_fitted = false;
  WallTime wall;
  RtcKeeper keeper(rtc, wall);
  CHECK_FALSE(keeper.begin(0));
  CHECK_FALSE(keeper.is_fitted());
}

TEST_CASE("its own time is not written back to it") {
  FakeRtc rtc;
  WallTime wall;
  RtcKeeper keeper(rtc, wall);
  keeper.begin(0);
  pass(keeper, wall, 0, 2 * 3600 * 1000);
  CHECK(rtc.written.empty());
}

TEST_CASE("what NTP said is written as a second begins, and again each hour") {
  FakeRtc rtc;
  WallTime wall;
  RtcKeeper keeper(rtc, wall);
  keeper.begin(0);
  wall.set(TimeSource::kNtp, kNoonS * 1000 + 5400, 0, 10);
  pass(keeper, wall, 0, 500);
  CHECK(rtc.written.empty());
  pass(keeper, wall, 500, 500);
  REQUIRE(rtc.written.size() == 1);
  CHECK(rtc.written[0] == kNoonS + 6);
  pass(keeper, wall, 1000, 3598 * 1000);
  CHECK(rtc.written.size() == 1);
  pass(keeper, wall, 3599 * 1000, 3000);
  REQUIRE(rtc.written.size() == 2);
  CHECK(rtc.written[1] == kNoonS + 3606);
  CHECK(keeper.writes() == 2);
}

TEST_CASE("a time that is still being corrected is not written yet") {
  FakeRtc rtc;
  WallTime wall;
  RtcKeeper keeper(rtc, wall);
  keeper.begin(0);
  wall.set(TimeSource::kNtp, kNoonS * 1000 + 1500, 0, 10);  // a second on: 16 s of work
  pass(keeper, wall, 0, 15900);
  CHECK(rtc.written.empty());
  pass(keeper, wall, 15900, 1100);
  REQUIRE(rtc.written.size() == 1);
  CHECK(rtc.written[0] == kNoonS + 18);
}

TEST_CASE("a write that failed is tried again a minute later") {
  FakeRtc rtc;
  WallTime wall;
  RtcKeeper keeper(rtc, wall);
  rtc.is_fitted = false;
  wall.set(TimeSource::kNtp, kNoonS * 1000, 0, 10);
  pass(keeper, wall, 0, 2000);
  rtc.is_fitted = true;
  pass(keeper, wall, 2000, 50 * 1000);
  CHECK(rtc.written.empty());
  pass(keeper, wall, 52 * 1000, 12 * 1000);
  CHECK(rtc.written.size() == 1);
  CHECK(keeper.is_fitted());
}

TEST_CASE("an RTC with a dead battery is set once NTP has told the time") {
  FakeRtc rtc;
  rtc.unix_s = 946684800;
  WallTime wall;
  RtcKeeper keeper(rtc, wall);
  keeper.begin(0);
  wall.set(TimeSource::kNtp, kNoonS * 1000, 0, 10);
  pass(keeper, wall, 0, 1100);
  CHECK(rtc.written.size() == 1);
}
