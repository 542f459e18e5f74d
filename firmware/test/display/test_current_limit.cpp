// The current limit: what a frame draws, and that it never draws more than the supply gives.
#include <doctest/doctest.h>

#include <random>

#include "skiclock/display/current_limit.h"
#include "skiclock/display/panels.h"

using namespace skiclock;

namespace {

Frame frame_of(const Wall& wall, Ink ink) {
  Frame frame;
  frame.width = width_of(wall);
  frame.height = height_of(wall);
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) frame.set(x, y, ink);
  }
  return frame;
}

Palette palette_of(Rgb main, Rgb accent = {}, Rgb warning = {}) {
  Palette palette;
  palette.colour[1] = main;
  palette.colour[2] = accent;
  palette.colour[3] = warning;
  return palette;
}

// The same sum, a pixel at a time and in fractions.
double slow_current_ma(const Frame& frame, const Palette& palette, int leds) {
  double ma = leds * 1.0;
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      const Rgb colour = palette.colour[static_cast<int>(frame.at(x, y))];
      ma += (colour.red + colour.green + colour.blue) * 20.0 / 255;
    }
  }
  return ma;
}

Frame noise(std::mt19937& random, const Wall& wall) {
  Frame frame;
  frame.width = width_of(wall);
  frame.height = height_of(wall);
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) frame.set(x, y, Ink(random() % 4));
  }
  return frame;
}

Rgb any_colour(std::mt19937& random) {
  return {static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()),
          static_cast<std::uint8_t>(random())};
}

const Rgb kFullRed{255, 0, 0};

}  // namespace

TEST_CASE("a dark wall draws one milliampere an LED") {
  CHECK(current_ma(frame_of(wall_of(1), Ink::kOff), palette_of(kFullRed), 256) == 256);
}

TEST_CASE("full red draws 21 mA an LED: 32 A on six panels, 43 A on eight") {
  const Wall six = wall_of(3, 3);
  CHECK(current_ma(frame_of(six, Ink::kMain), palette_of(kFullRed), led_count(six)) == 32256);
  const Wall eight = wall_of(4, 4);
  CHECK(current_ma(frame_of(eight, Ink::kMain), palette_of(kFullRed), led_count(eight)) == 43008);
}

TEST_CASE("full white draws three times as much, and still fits the arithmetic") {
  const Wall wall = wall_of(4, 4);
  const Frame frame = frame_of(wall, Ink::kWarning);
  const Palette white = palette_of({}, {}, {255, 255, 255});
  CHECK(current_ma(frame, white, led_count(wall)) == 2048 + 2048 * 60);
  CHECK(limited_scale(frame, white, led_count(wall), 0xFFFFFFFFU) == 131);
  CHECK(limited_scale(frame, white, led_count(wall), kMaxLimitMa) == 131);
}

TEST_CASE("the sum is that of the single pixels") {
  std::mt19937 random(1);
  const Wall walls[] = {wall_of(1), wall_of(3), wall_of(4, 4), wall_of(2, 3)};
  for (int round = 0; round < 200; ++round) {
    const Wall& wall = walls[round % 4];
    const Frame frame = noise(random, wall);
    const Palette palette = palette_of(any_colour(random), any_colour(random), any_colour(random));
    const double expected = slow_current_ma(frame, palette, led_count(wall));
    const std::uint32_t actual = current_ma(frame, palette, led_count(wall));
    CHECK(actual >= expected - 1e-6);
    CHECK(actual < expected + 1.001);
  }
}

TEST_CASE("what fits is not dimmed") {
  const Wall wall = wall_of(3, 3);
  const Frame frame = frame_of(wall, Ink::kMain);
  CHECK(limited_scale(frame, palette_of(kFullRed), led_count(wall), 32256) == 255);
  CHECK(limited_scale(frame, palette_of(kFullRed), led_count(wall), 32255) == 254);
}

TEST_CASE("a wall of six panels in red on a supply of 8 A is dimmed to a fifth") {
  const Wall wall = wall_of(3, 3);
  const Frame frame = frame_of(wall, Ink::kMain);
  const std::uint8_t scale = limited_scale(frame, palette_of(kFullRed), led_count(wall), 8000);
  CHECK(scale == 53);  // (8000 - 1536) / 30720 * 255
  CHECK(current_ma(frame, scaled(palette_of(kFullRed), scale), led_count(wall)) == 7921);
}

TEST_CASE("no frame in any colour draws more than the limit, unless the dark LEDs do") {
  std::mt19937 random(2);
  const Wall walls[] = {wall_of(1), wall_of(4, 4), wall_of(3, 4)};
  for (int round = 0; round < 3000; ++round) {
    const Wall& wall = walls[round % 3];
    const std::uint16_t leds = led_count(wall);
    const Frame frame = noise(random, wall);
    const Palette palette = palette_of(any_colour(random), any_colour(random), any_colour(random));
    const std::uint32_t limit_ma = random() % 70000;
    const std::uint8_t scale = limited_scale(frame, palette, leds, limit_ma);
    const std::uint32_t drawn_ma = current_ma(frame, scaled(palette, scale), leds);
    if (limit_ma <= leds) {
      CHECK(drawn_ma == leds);
    } else {
      CHECK(drawn_ma <= limit_ma);
    }
  }
}

TEST_CASE("a limit below what the dark LEDs draw makes it dark") {
  const Frame frame = frame_of(wall_of(1), Ink::kMain);
  CHECK(limited_scale(frame, palette_of(kFullRed), 256, 256) == 0);
  CHECK(limited_scale(frame, palette_of(kFullRed), 256, 0) == 0);
}

TEST_CASE("a palette is scaled downwards") {
  const Palette half = scaled(palette_of({255, 3, 1}), 128);
  CHECK(half.colour[1].red == 128);
  CHECK(half.colour[1].green == 1);
  CHECK(half.colour[1].blue == 0);
  CHECK(scaled(palette_of({255, 3, 1}), 255).colour[1].blue == 1);
}

TEST_CASE("a colon that blinks does not make the digits pump") {
  SteadyScale steady;
  CHECK(steady.next(200, 0) == 200);
  for (std::uint32_t now_ms = 0; now_ms < 60000; now_ms += 500) {
    CHECK(steady.next(now_ms % 1000 == 0 ? 120 : 125, now_ms) == 120);
  }
}

TEST_CASE("a brighter frame dims at once, a darker one brightens after five to ten seconds") {
  SteadyScale steady;
  CHECK(steady.next(255, 0) == 255);
  CHECK(steady.next(40, 100) == 40);
  CHECK(steady.next(255, 4000) == 40);
  CHECK(steady.next(255, 5000) == 40);
  CHECK(steady.next(255, 9999) == 40);
  CHECK(steady.next(255, 10000) == 255);
}

TEST_CASE("the memory of the limit survives the wrap of the milliseconds") {
  SteadyScale steady;
  const std::uint32_t start_ms = 0xFFFFFFFFU - 1000;
  CHECK(steady.next(40, start_ms) == 40);
  CHECK(steady.next(255, start_ms + 4000) == 40);
  CHECK(steady.next(255, start_ms + 5000) == 40);
  CHECK(steady.next(255, start_ms + 10000) == 255);
}
