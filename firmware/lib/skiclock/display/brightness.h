// How bright the LEDs may be now, and in which colours.
#pragma once

#include <cstdint>

#include "skiclock/display/frame.h"
#include "skiclock/display/view.h"

namespace skiclock {

inline constexpr std::int16_t kBySchedule = -1;

struct LightSettings {
  std::uint8_t brightness = 96;        // 0..255, by day
  std::uint8_t night_brightness = 24;  // 0..255
  // Minutes of the local day; the night may pass midnight, equal ends mean no night.
  std::uint16_t night_from = 22 * 60;
  std::uint16_t night_to = 6 * 60;
  std::int16_t commanded = kBySchedule;  // 0..255: the server's command beats the schedule
  // What the supply can give to the whole wall. The default is what a small supply gives and more
  // than the 2 A that the largest wall draws while dark.
  std::uint32_t current_limit_ma = 3000;
  Rgb main{255, 160, 40};    // digits
  Rgb accent{60, 160, 255};  // date, messages
  Rgb warning{255, 40, 0};   // what needs somebody
};

bool is_night(const LightSettings& settings, std::uint16_t minute_of_day);

// Without a set clock it is day.
std::uint8_t brightness_at(const LightSettings& settings, const ClockView& clock);

// The colours at a brightness; a channel that is lit at all stays lit above brightness 0.
Palette palette_at(const LightSettings& settings, std::uint8_t brightness);

}  // namespace skiclock
