// The status LED: how it blinks, for a timer interrupt that needs nothing from the main loop.
#pragma once

#include <cstdint>

namespace skiclock {

enum class Light : std::uint8_t {
  kOnline,    // Wi-Fi and broker: one flash
  kWifiOnly,  // no broker: two flashes
  kOffline,   // no Wi-Fi: three flashes
  kUpdating,  // new software: fast and even
};

inline constexpr std::uint32_t kLedTickMs = 50;
inline constexpr std::uint32_t kLedPeriodTicks = 32;

// One bit a tick of 50 ms, the lowest first; 1.6 s, then again. A flash is two ticks, the dark
// between flashes four. Thirty-two bits, so that neither a division, nor a 64-bit shift, nor a
// table in flash is needed where the cache may be off.
struct LedPattern {
  Light light;
  std::uint32_t ticks;
};
inline constexpr LedPattern kLedPatterns[] = {
    {Light::kOnline, 0x00000003},
    {Light::kWifiOnly, 0x000000C3},
    {Light::kOffline, 0x000030C3},
    {Light::kUpdating, 0x55555555},
};

// The main loop looks the pattern up and leaves it in a volatile word...
constexpr std::uint32_t led_pattern(Light light) {
  for (const LedPattern& pattern : kLedPatterns) {
    if (pattern.light == light) return pattern.ticks;
  }
  return 0;
}

// ...and the interrupt asks only this.
[[gnu::always_inline]] constexpr bool led_level(std::uint32_t pattern, std::uint32_t tick) {
  return (pattern >> (tick % kLedPeriodTicks) & 1U) != 0;
}

// For all who need not hurry: tests, the host.
constexpr bool led_level(Light light, std::uint32_t tick) {
  return led_level(led_pattern(light), tick);
}

}  // namespace skiclock
