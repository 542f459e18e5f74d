// A rectangle of a frame, in pixels.
#pragma once

#include <cstdint>

namespace skiclock {

struct Area {
  std::int16_t x = 0;
  std::int16_t y = 0;
  std::int16_t width = 0;
  std::int16_t height = 0;
};

constexpr bool is_within(const Area& area, int x, int y) {
  return x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
}

}  // namespace skiclock
