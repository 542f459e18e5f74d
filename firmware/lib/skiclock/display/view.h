// What the clock knows that can be seen: plain data, copied whole to the display's task.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/input/stopwatch.h"
#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::size_t kMessageBytes = 128;
inline constexpr std::size_t kHintBytes = 48;

// Local time; `is_set` false until a source of time was heard.
struct ClockView {
  bool is_set = false;
  std::uint16_t year = 0;
  std::uint8_t month = 1;    // 1..12
  std::uint8_t day = 1;      // 1..31
  std::uint8_t weekday = 0;  // 0 is Sunday
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;
};

// `kPending` before the first value; the last value stays while a new one is awaited (`kReady`).
struct TemperatureView {
  Reading state = Reading::kAbsent;
  std::int16_t tenths_celsius = 0;
};

// UTF-8, terminated; shown for `shown_ms` from `since_ms` on, 0: there is none.
struct MessageView {
  char text[kMessageBytes] = {};
  std::uint32_t since_ms = 0;
  std::uint32_t shown_ms = 0;
};

// UTF-8, terminated, for instance "Wi-Fi: SkiClock-Setup".
struct WifiHintView {
  bool is_active = false;
  char text[kHintBytes] = {};
};

struct UpdateView {
  bool is_active = false;
  std::uint8_t percent = 0;
};

struct View {
  ClockView clock;
  TemperatureView temperature;
  StopwatchView stopwatch;
  MessageView message;
  WifiHintView wifi_hint;
  UpdateView update;
  std::uint8_t reset_in_s = 0;  // seconds left of the long press, 0: nobody presses
  bool identify = false;
};

// Cuts a text into the message of a view; 0 ms takes it away.
void set_message(View& view, Text text, std::uint32_t now_ms, std::uint32_t shown_ms);
// An empty one takes it away.
void set_wifi_hint(View& view, Text text);
bool has_message(const View& view, std::uint32_t now_ms);

}  // namespace skiclock
