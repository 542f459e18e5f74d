// Brightness: by schedule, by the server, and colours that do not vanish.
#include <doctest/doctest.h>

#include <initializer_list>

#include "skiclock/display/brightness.h"

using namespace skiclock;

namespace {

ClockView at(std::uint8_t hour, std::uint8_t minute) {
  ClockView clock;
  clock.is_set = true;
  clock.hour = hour;
  clock.minute = minute;
  return clock;
}

LightSettings schedule(std::uint16_t from, std::uint16_t to) {
  LightSettings settings;
  settings.brightness = 200;
  settings.night_brightness = 20;
  settings.night_from = from;
  settings.night_to = to;
  return settings;
}

}  // namespace

TEST_CASE("a night may pass midnight") {
  const LightSettings settings = schedule(22 * 60, 6 * 60);
  struct Row {
    int hour;
    int minute;
    int brightness;
  };
  for (const Row row : {Row{21, 59, 200}, Row{22, 0, 20}, Row{23, 59, 20}, Row{0, 0, 20},
                        Row{5, 59, 20}, Row{6, 0, 200}, Row{12, 0, 200}}) {
    CAPTURE(row.hour);
    CHECK(brightness_at(settings, at(static_cast<std::uint8_t>(row.hour),
                                     static_cast<std::uint8_t>(row.minute))) == row.brightness);
  }
}

TEST_CASE("a night may lie within one day, and there may be none") {
  const LightSettings midday = schedule(12 * 60, 13 * 60);
  CHECK(brightness_at(midday, at(11, 59)) == 200);
  CHECK(brightness_at(midday, at(12, 0)) == 20);
  CHECK(brightness_at(midday, at(13, 0)) == 200);
  const LightSettings none = schedule(480, 480);
  CHECK(brightness_at(none, at(8, 0)) == 200);
  CHECK(brightness_at(none, at(7, 59)) == 200);
}

TEST_CASE("a clock that is not set is bright") {
  CHECK(brightness_at(schedule(0, 1439), ClockView{}) == 200);
}

TEST_CASE("the server's command beats the schedule") {
  LightSettings settings = schedule(22 * 60, 6 * 60);
  settings.commanded = 77;
  CHECK(brightness_at(settings, at(23, 0)) == 77);
  CHECK(brightness_at(settings, at(12, 0)) == 77);
  settings.commanded = 0;
  CHECK(brightness_at(settings, at(12, 0)) == 0);
  settings.commanded = 999;
  CHECK(brightness_at(settings, at(12, 0)) == 255);
  settings.commanded = kBySchedule;
  CHECK(brightness_at(settings, at(12, 0)) == 200);
}

TEST_CASE("colours are dimmed, and a colour that is there stays there") {
  LightSettings settings;
  settings.main = {255, 100, 0};
  settings.accent = {2, 0, 0};
  const Palette full = palette_at(settings, 255);
  CHECK(full.colour[1].red == 255);
  CHECK(full.colour[1].green == 100);
  const Palette dim = palette_at(settings, 10);
  CHECK(dim.colour[1].red == 10);
  CHECK(dim.colour[1].green == 3);
  CHECK(dim.colour[1].blue == 0);
  CHECK(dim.colour[2].red == 1);
  const Palette dark = palette_at(settings, 0);
  CHECK(dark.colour[1].red == 0);
  CHECK(dark.colour[2].red == 0);
}
