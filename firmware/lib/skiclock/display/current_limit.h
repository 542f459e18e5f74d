// What a frame draws from the supply, and how far it must be dimmed to stay within a limit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/display/frame.h"

namespace skiclock {

// WS2812B, data sheet V5 and common practice (Adafruit's NeoPixel guide: 60 mA for full white):
// at most 20 mA a channel, in proportion to its value; 1 mA for the chip of each LED, lit or dark.
inline constexpr std::uint32_t kChannelMa = 20;
inline constexpr std::uint32_t kIdleMaOfLed = 1;
inline constexpr std::uint32_t kMaxLimitMa = 65535;

// Rounded up.
std::uint32_t current_ma(const Frame& frame, const Palette& palette, std::uint16_t leds);

// The factor of 255 by which the palette must be scaled; 255: as it is. 0 where the dark LEDs
// alone draw the limit. A limit above `kMaxLimitMa` counts as that.
std::uint8_t limited_scale(const Frame& frame, const Palette& palette, std::uint16_t leds,
                           std::uint32_t limit_ma);

// Rounds down, so that a scaled palette never draws more than its share.
Palette scaled(const Palette& palette, std::uint8_t scale);

// Keeps the lowest scale of the last 5 to 10 s: digits must not pump with each colon that blinks.
class SteadyScale {
 public:
  std::uint8_t next(std::uint8_t needed, std::uint32_t now_ms);

 private:
  std::uint8_t lowest_before_ = 255;
  std::uint8_t lowest_now_ = 255;
  std::uint32_t since_ms_ = 0;
};

}  // namespace skiclock
