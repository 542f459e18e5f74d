// How bright the LEDs may be now, and in which colours.
#include "skiclock/display/brightness.h"

namespace skiclock {
namespace {

std::uint8_t dimmed(std::uint8_t channel, std::uint8_t brightness) {
  if (channel == 0 || brightness == 0) return 0;
  const unsigned value = channel * static_cast<unsigned>(brightness) / 255U;
  return static_cast<std::uint8_t>(value == 0 ? 1 : value);
}

Rgb dimmed(Rgb colour, std::uint8_t brightness) {
  return {dimmed(colour.red, brightness), dimmed(colour.green, brightness),
          dimmed(colour.blue, brightness)};
}

}  // namespace

bool is_night(const LightSettings& settings, std::uint16_t minute_of_day) {
  if (settings.night_from <= settings.night_to) {
    return minute_of_day >= settings.night_from && minute_of_day < settings.night_to;
  }
  return minute_of_day >= settings.night_from || minute_of_day < settings.night_to;
}

std::uint8_t brightness_at(const LightSettings& settings, const ClockView& clock) {
  if (settings.commanded >= 0) {
    return static_cast<std::uint8_t>(settings.commanded > 255 ? 255 : settings.commanded);
  }
  const auto minute = static_cast<std::uint16_t>(clock.hour * 60 + clock.minute);
  const bool is_dark = clock.is_set && is_night(settings, minute);
  return is_dark ? settings.night_brightness : settings.brightness;
}

Palette palette_at(const LightSettings& settings, std::uint8_t brightness) {
  Palette palette;
  palette.colour[static_cast<int>(Ink::kMain)] = dimmed(settings.main, brightness);
  palette.colour[static_cast<int>(Ink::kAccent)] = dimmed(settings.accent, brightness);
  palette.colour[static_cast<int>(Ink::kWarning)] = dimmed(settings.warning, brightness);
  return palette;
}

}  // namespace skiclock
