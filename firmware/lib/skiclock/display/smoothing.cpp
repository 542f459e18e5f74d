// Doubles a glyph and smooths its diagonals, a column at a time.
#include "skiclock/display/smoothing.h"

namespace skiclock {
namespace {

constexpr unsigned kSmallBits = 0xFF;

// Bit n goes to bit 2n.
unsigned spread(unsigned column) {
  column &= kSmallBits;
  column = (column | column << 4) & 0x0F0FU;
  column = (column | column << 2) & 0x3333U;
  return (column | column << 1) & 0x5555U;
}

void light(std::uint16_t& column, unsigned bits) {
  column = static_cast<std::uint16_t>(column | bits);
}

// Fills the two corners where a diagonal passes from one column to the next.
void smooth(unsigned left, unsigned right, std::uint16_t& right_half, std::uint16_t& left_half) {
  const unsigned falling = left & ~right & ~(left >> 1) & right >> 1;
  const unsigned rising = ~left & right & left >> 1 & ~(right >> 1);
  const unsigned above = 2;  // the lower half of the upper row
  const unsigned below = 4;  // the upper half of the lower row
  light(left_half, spread(falling) * above | spread(rising) * below);
  light(right_half, spread(falling) * below | spread(rising) * above);
}

}  // namespace

Glyph doubled(const Glyph& small) {
  Glyph large;
  large.width = static_cast<std::uint8_t>(small.width * 2);
  std::uint16_t* half = large.columns;
  for (int x = 0; x < small.width; ++x, half += 2) {
    const unsigned pairs = spread(small.columns[x]) * 3;
    light(half[0], pairs);
    light(half[1], pairs);
    if (x > 0) smooth(small.columns[x - 1], small.columns[x], half[-1], half[0]);
  }
  return large;
}

}  // namespace skiclock
