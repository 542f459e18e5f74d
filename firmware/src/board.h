// The six boards: their names, their pins and the wall that each expects; the only #if ladder.
//
// Panels hang where first-generation clocks had them (rows on GPIO4 and GPIO3), so that such a
// clock needs no soldering to become one of the second.
#pragma once

#include <cstdint>

#include "skiclock/display/panels.h"

namespace skiclock {

inline constexpr std::int8_t kNoPin = -1;

// GPIO3 is where most chips hear the serial line, and where the second row of panels hangs.
inline constexpr std::int8_t kSerialIn = 3;
enum class SerialUse : std::uint8_t {
  kAlways,       // the line has pins of its own
  kUntilOnline,  // the second row stays dark until Wi-Fi has been set up
  kNever,        // the only row of panels hangs there
};

struct Board {
  const char* name;      // as heartbeats say it
  const char* platform;  // as the server names its images
  Wall wall;             // unless settings say otherwise
  std::int8_t row_pins[kMaxRows];
  std::int8_t button;  // closes to ground
  std::int8_t thermometer;
  std::int8_t sda;
  std::int8_t scl;
  std::int8_t led;
  bool is_led_lit_by_low;
  SerialUse serial;
};

// The strip winds up and down through a panel, column after column from the left, rows in chains
// of their own.
constexpr Wall columns_of(std::uint8_t first, std::uint8_t second = 0) {
  Wall wall = wall_of(first, second);
  wall.led_columns = true;
  return wall;
}

// clang-format off
#if defined(SKICLOCK_BOARD_ESP32)
inline constexpr Board kBoard = {
    "ESP32", "esp32", columns_of(4, 4), {4, 3, kNoPin, kNoPin},
    0, 18, 21, 22, 2, false, SerialUse::kUntilOnline};
#elif defined(SKICLOCK_BOARD_ESP32C3)
inline constexpr Board kBoard = {
    "ESP32-C3", "esp32c3", columns_of(4, 4), {4, 3, kNoPin, kNoPin},
    0, 2, 5, 6, 8, true, SerialUse::kAlways};
#elif defined(SKICLOCK_BOARD_ESP32S3)
inline constexpr Board kBoard = {
    "ESP32-S3", "esp32s3", columns_of(4, 4), {4, 3, kNoPin, kNoPin},
    0, 2, 5, 6, 15, false, SerialUse::kAlways};
#elif defined(SKICLOCK_BOARD_ESP12F)
inline constexpr Board kBoard = {
    "ESP-12F", "esp12f", columns_of(4, 4), {4, 3, kNoPin, kNoPin},
    0, 13, 5, 14, 2, true, SerialUse::kUntilOnline};
#elif defined(SKICLOCK_BOARD_ESP01)
inline constexpr Board kBoard = {
    "ESP-01", "esp01", columns_of(4), {3, kNoPin, kNoPin, kNoPin},
    0, kNoPin, kNoPin, kNoPin, 2, true, SerialUse::kNever};
#elif defined(SKICLOCK_BOARD_D1MINI)
inline constexpr Board kBoard = {
    "Wemos D1 Mini", "d1mini", columns_of(4, 4), {4, 3, kNoPin, kNoPin},
    0, 13, 5, 14, 2, true, SerialUse::kUntilOnline};
#else
#error "platformio.ini says which board this is: -D SKICLOCK_BOARD_..."
#endif
// clang-format on

}  // namespace skiclock
