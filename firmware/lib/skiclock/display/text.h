// Text on panels: measured, placed, clipped, scrolled.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/display/area.h"
#include "skiclock/display/frame.h"
#include "skiclock/ports.h"

namespace skiclock {

enum class TextSize : std::uint8_t {
  kSmall,       // 7 rows
  kCondensed,   // 14 rows, narrow digits: HH:MM takes 32 pixels
  kLargeTight,  // 14 rows, less air beside colon, comma and full stop: HH:MM takes 48 pixels
  kLarge,       // 14 rows
};

// Text in UTF-8 from outside may hold anything: unknown characters are boxes, line breaks and
// other controls blanks.
int text_width(Text text, TextSize size);

// Rows from the top of the tallest letter to the lowest lit pixel: 7 or 14, more with a tail.
int text_depth(Text text, TextSize size);

// Draws with the left edge and the top of the letters at (x, y); only pixels of `clip` are touched.
void draw_text(Frame& frame, const Area& clip, int x, int y, Text text, TextSize size, Ink ink);

// Both ways; what is too long is cut at both ends.
void draw_centred(Frame& frame, const Area& area, Text text, TextSize size, Ink ink);

// Centred if it fits, else moving left: it stands at its beginning for a second, leaves, comes in
// again from the right.
void draw_scrolling(Frame& frame, const Area& area, Text text, TextSize size, Ink ink,
                    std::uint32_t elapsed_ms);

// Where the left edge of a text that is too long is after a time, counted from the area's.
int scroll_offset(int text_width, int area_width, TextSize size, std::uint32_t elapsed_ms);

// Large, unless so few large letters fit that nobody could read words.
TextSize scrolling_size(int area_width);

// How long a text takes from its beginning until it has left the area; 0 where it fits.
std::uint32_t scroll_pass_ms(Text text, TextSize size, int area_width);

void fill(Frame& frame, const Area& area, Ink ink);

}  // namespace skiclock
