// One character as the panels show it.
#pragma once

#include <cstdint>

namespace skiclock {

inline constexpr int kMaxGlyphWidth = 16;

// Columns from the left, their lowest bit on top. The base line of small glyphs lies below bit 6,
// of large ones below bit 13; what hangs lower (the tail of a comma) takes 1 or 2 bits more.
struct Glyph {
  std::uint8_t width = 0;
  std::uint16_t columns[kMaxGlyphWidth] = {};
};

}  // namespace skiclock
