// Puts a text or a picture into a row of panels as large as it fits.
#pragma once

#include <cstddef>

#include "skiclock/display/area.h"
#include "skiclock/display/frame.h"
#include "skiclock/display/text.h"

namespace skiclock {

struct Option {
  Text text;
  TextSize size;
};

// Draws the first option that fits, centred. False: none does, nothing was drawn.
bool draw_first_fitting(Frame& frame, const Area& area, const Option* options, std::size_t count,
                        Ink ink);

template <std::size_t Count>
bool draw_first_fitting(Frame& frame, const Area& area, const Option (&options)[Count], Ink ink) {
  return draw_first_fitting(frame, area, options, Count, ink);
}

// One text in the largest size that fits; cut in the small one where none does.
void draw_largest(Frame& frame, const Area& area, Text text, Ink ink);

// Two small texts above each other, for a single panel.
void draw_stacked(Frame& frame, const Area& area, Text above, Text below, Ink ink);

// A small label beside a large value where both fit, else the value alone.
void draw_labelled(Frame& frame, const Area& area, Text label, Text value, Ink ink);

// A bar along the lower edge, `done` of `whole` long.
void draw_bar(Frame& frame, const Area& area, int thickness, std::uint32_t done,
              std::uint32_t whole, Ink ink);

}  // namespace skiclock
