// The LED panels: one strip a row, over Adafruit NeoPixel.
#include "panel.h"

#include <Arduino.h>

#include <cstring>

namespace skiclock {
namespace {

// An LED that heard nonsense (a spark, a loose plug) is put right after this long.
constexpr std::uint32_t kRefreshMs = 5000;

bool is_in_row(std::uint16_t led, std::uint16_t first, std::uint16_t leds) {
  return led != kNoLed && led >= first && led < first + leds;
}

std::uint16_t first_led_of(const Wall& wall, std::uint8_t row) {
  std::uint16_t panels = 0;
  for (std::uint8_t above = 0; above < row; ++above) panels += wall.rows[above].panels;
  return panels * kLedsOfPanel;
}

}  // namespace

void Panel::begin() {
  std::uint8_t longest = 0;
  for (const PanelRow& row : wall_.rows) {
    if (row.panels > longest) longest = row.panels;
  }
  strip_.updateLength(longest * kLedsOfPanel);
  strip_.begin();
}

void Panel::show(const Frame& frame, const Palette& palette) {
  const std::uint32_t now_ms = millis();
  if (is_same_as_shown(frame, palette) && now_ms - shown_at_ms_ < kRefreshMs) return;
  for (std::uint8_t row = 0; row < rows_of(wall_); ++row) {
    const std::int8_t pin = board_.row_pins[row];
    if (pin == kNoPin || (is_serial_in_use_ && pin == kSerialIn)) continue;
    send(row, frame, palette);
  }
  shown_ = frame;
  shown_palette_ = palette;
  shown_at_ms_ = now_ms;
  last_ms_ = millis() - now_ms;
}

bool Panel::is_same_as_shown(const Frame& frame, const Palette& palette) const {
  return std::memcmp(&shown_, &frame, sizeof frame) == 0 &&
         std::memcmp(&shown_palette_, &palette, sizeof palette) == 0;
}

void Panel::send(std::uint8_t row, const Frame& frame, const Palette& palette) {
  const std::uint16_t first = first_led_of(wall_, row);
  const std::uint16_t leds = wall_.rows[row].panels * kLedsOfPanel;
  strip_.clear();
  for (int y = row * kPanelSide; y < (row + 1) * kPanelSide; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      const std::uint16_t led = led_of(wall_, x, y);
      if (!is_in_row(led, first, leds)) continue;
      const Rgb& colour = palette.colour[static_cast<std::uint8_t>(frame.at(x, y))];
      strip_.setPixelColor(led - first, colour.red, colour.green, colour.blue);
    }
  }
  strip_.setPin(board_.row_pins[row]);
  strip_.show();
}

}  // namespace skiclock
