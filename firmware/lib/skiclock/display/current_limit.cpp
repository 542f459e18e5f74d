// What a frame draws from the supply, and how far it must be dimmed to stay within a limit.
#include "skiclock/display/current_limit.h"

#include <algorithm>
#include <cstring>

namespace skiclock {
namespace {

constexpr std::uint32_t kFull = 255;
constexpr std::uint32_t kEvenBits = 0x55555555;
constexpr std::uint32_t kWindowMs = 5000;

std::uint32_t ones(std::uint32_t bits) {
  bits -= bits >> 1 & 0x55555555U;
  bits = (bits & 0x33333333U) + (bits >> 2 & 0x33333333U);
  bits = (bits + (bits >> 4)) & 0x0F0F0F0FU;
  return bits * 0x01010101U >> 24;
}

struct Counts {
  std::uint32_t of_ink[4] = {};
};

// Sixteen pixels at a time; bytes behind the frame's pixels are never set.
Counts count_inks(const Frame& frame) {
  Counts counts;
  const std::size_t bytes = static_cast<std::size_t>(frame.width) * frame.height / 4;
  for (std::size_t at = 0; at < bytes; at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, frame.bits + at, sizeof word);
    if (word == 0) continue;
    const std::uint32_t low = word & kEvenBits;
    const std::uint32_t high = word >> 1 & kEvenBits;
    counts.of_ink[1] += ones(low & ~high);
    counts.of_ink[2] += ones(high & ~low);
    counts.of_ink[3] += ones(low & high);
  }
  return counts;
}

// Of the lit channels, in 1/255 mA: at most 2048 * 3 * 255 * 20, which fits.
std::uint32_t lit_parts(const Frame& frame, const Palette& palette) {
  const Counts counts = count_inks(frame);
  std::uint32_t parts = 0;
  for (int ink = 1; ink < 4; ++ink) {
    const Rgb colour = palette.colour[ink];
    const std::uint32_t channels = std::uint32_t{colour.red} + colour.green + colour.blue;
    parts += counts.of_ink[ink] * channels * kChannelMa;
  }
  return parts;
}

std::uint8_t scaled(std::uint8_t channel, std::uint8_t scale) {
  return static_cast<std::uint8_t>(channel * static_cast<unsigned>(scale) / kFull);
}

}  // namespace

std::uint32_t current_ma(const Frame& frame, const Palette& palette, std::uint16_t leds) {
  return leds * kIdleMaOfLed + (lit_parts(frame, palette) + kFull - 1) / kFull;
}

std::uint8_t limited_scale(const Frame& frame, const Palette& palette, std::uint16_t leds,
                           std::uint32_t limit_ma) {
  const std::uint32_t idle_ma = leds * kIdleMaOfLed;
  const std::uint32_t limit = std::min(limit_ma, kMaxLimitMa);
  if (limit <= idle_ma) return 0;
  const std::uint32_t budget_parts = (limit - idle_ma) * kFull;
  const std::uint32_t wanted_parts = lit_parts(frame, palette);
  if (wanted_parts <= budget_parts) return kFull;
  // 65535 * 255 * 255 still fits into 32 bits.
  return static_cast<std::uint8_t>(budget_parts * kFull / wanted_parts);
}

Palette scaled(const Palette& palette, std::uint8_t scale) {
  Palette result;
  for (int ink = 0; ink < 4; ++ink) {
    const Rgb colour = palette.colour[ink];
    result.colour[ink] = {scaled(colour.red, scale), scaled(colour.green, scale),
                          scaled(colour.blue, scale)};
  }
  return result;
}

std::uint8_t SteadyScale::next(std::uint8_t needed, std::uint32_t now_ms) {
  if (now_ms - since_ms_ >= kWindowMs) {
    lowest_before_ = lowest_now_;
    lowest_now_ = kFull;
    since_ms_ = now_ms;
  }
  lowest_now_ = std::min(lowest_now_, needed);
  return std::min(lowest_before_, lowest_now_);
}

}  // namespace skiclock
