// The status LED, tick by tick.
#include <doctest/doctest.h>

#include <string>

#include "skiclock/light/status_led.h"

using namespace skiclock;

namespace {

std::string ticks_of(Light light, std::uint32_t first, std::uint32_t count) {
  std::string ticks;
  for (std::uint32_t tick = first; tick != first + count; ++tick) {
    ticks += led_level(light, tick) ? '#' : '.';
  }
  return ticks;
}

struct Row {
  Light light;
  const char* period;
};

const Row kRows[] = {
    {Light::kOnline, "##.............................."},
    {Light::kWifiOnly, "##....##........................"},
    {Light::kOffline, "##....##....##.................."},
    {Light::kUpdating, "#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#."},
};

}  // namespace

TEST_CASE("each state of the clock has its flashes, tick by tick") {
  for (const Row& row : kRows) CHECK(ticks_of(row.light, 0, kLedPeriodTicks) == row.period);
}

TEST_CASE("flashes repeat, also where the counter of ticks wraps") {
  for (const Row& row : kRows) {
    CHECK(ticks_of(row.light, kLedPeriodTicks, kLedPeriodTicks) == row.period);
    CHECK(ticks_of(row.light, 0U - kLedPeriodTicks, 2 * kLedPeriodTicks) ==
          std::string(row.period) + row.period);
  }
}

TEST_CASE("an interrupt needs the pattern alone") {
  for (const Row& row : kRows) {
    for (std::uint32_t tick = 0; tick < kLedPeriodTicks; ++tick) {
      CHECK(led_level(led_pattern(row.light), tick) == (row.period[tick] == '#'));
    }
  }
}

TEST_CASE("a light that nobody defined stays dark") {
  CHECK(led_pattern(static_cast<Light>(99)) == 0);
}
