// A picture for the panels.
#include "skiclock/display/frame.h"

#include <cstring>

namespace skiclock {
namespace {

bool is_inside(const Frame& frame, int x, int y) {
  return x >= 0 && y >= 0 && x < frame.width && y < frame.height;
}

}  // namespace

void Frame::clear() { std::memset(bits, 0, sizeof bits); }

void Frame::set(int x, int y, Ink ink) {
  if (!is_inside(*this, x, y)) return;
  const std::size_t pixel = static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x);
  const unsigned shift = (pixel % 4) * 2;
  const unsigned kept = bits[pixel / 4] & ~(3U << shift);
  bits[pixel / 4] = static_cast<std::uint8_t>(kept | static_cast<unsigned>(ink) << shift);
}

Ink Frame::at(int x, int y) const {
  if (!is_inside(*this, x, y)) return Ink::kOff;
  const std::size_t pixel = static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x);
  return static_cast<Ink>(bits[pixel / 4] >> (pixel % 4) * 2 & 3U);
}

}  // namespace skiclock
