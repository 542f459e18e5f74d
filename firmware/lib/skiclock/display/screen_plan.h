// Which screen is shown when and on which row of panels.
#pragma once

#include <cstdint>

#include "skiclock/display/area.h"
#include "skiclock/display/panels.h"
#include "skiclock/display/view.h"

namespace skiclock {

// The first three can be configured and take turns; the others come and go by themselves.
enum class Screen : std::uint8_t {
  kTime,          // hours and minutes
  kDate,          // day and month
  kTemperature,   // degrees Celsius
  kMessage,       // a text from the server, for a while
  kWifiHint,      // where to set up Wi-Fi; takes turns like a configured one
  kStopwatch,     // countdown, running, result
  kUpdate,        // new software is being loaded: percent
  kIdentify,      // "which clock is this?": blinks
  kFactoryReset,  // the button is held: seconds left
  kNothing,       // dark
};

inline constexpr std::uint8_t kMaxScreens = 6;

struct ScreenSettings {
  Screen order[kMaxScreens] = {Screen::kTime, Screen::kDate, Screen::kTemperature};
  std::uint8_t count = 3;
  std::uint8_t seconds = 5;  // of each screen that takes turns
  bool blink_colon = true;
};

// One row of panels and what it shows; `is_main` on the widest row, the upper one of equals.
struct ScreenLine {
  Area area;
  Screen screen = Screen::kNothing;
  bool is_main = false;
  bool is_first_other = false;  // the upper one of the rows that are not the main one
  bool is_alone = false;        // the wall has one row only
  std::uint32_t since_ms = 0;   // when this screen came up, for texts that scroll
};

struct ScreenPlan {
  ScreenLine lines[kMaxRows];
  std::uint8_t count = 0;
  bool blink_colon = true;
};

// Every 49 days (32 bits of milliseconds) a turn is cut short; nothing else depends on the wrap.
ScreenPlan plan_screens(const View& view, const ScreenSettings& settings, const Wall& wall,
                        std::uint32_t now_ms);

}  // namespace skiclock
