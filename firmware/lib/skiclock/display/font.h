// The clock's own font: 5x7 and proportional, digits of equal width.
#pragma once

#include <cstddef>

#include "skiclock/display/glyph.h"

namespace skiclock {

// Shown for a character that the font has not.
inline constexpr char32_t kBox = 0xFFFD;
// Blanks as wide as a digit and as a colon, so that what blinks does not move its neighbours.
inline constexpr char32_t kFigureSpace = 0x2007;
inline constexpr char32_t kPunctuationSpace = 0x2008;

// Seven rows above the base line, one below.
Glyph small_glyph(char32_t code);

// Twice the size: drawn by hand where there is a drawing, else the small one smoothed.
Glyph large_glyph(char32_t code);

// As high as the large one; digits and their signs are narrow, all else is the large one.
Glyph condensed_glyph(char32_t code);

// Their widths alone, which is less work.
int small_width(char32_t code);
int large_width(char32_t code);
int condensed_width(char32_t code);

// All characters in order, for tests and specimen sheets.
std::size_t font_size();
char32_t font_code(std::size_t index);
bool is_drawn_by_hand(char32_t code);

}  // namespace skiclock
