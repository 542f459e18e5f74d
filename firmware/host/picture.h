// What a frame on LEDs looks like to an eye: colours for a screen.
#pragma once

#include <string>
#include <vector>

#include "skiclock/display/frame.h"

namespace skiclock::host {

// A frame with its palette, kept from one `show` to the next.
struct Shown {
  Frame frame;
  Palette palette;
};

// Colours of each pixel, row by row: lit LEDs bright, with a glow on their neighbours; dark ones
// as the grey dots that they are by day.
std::vector<Rgb> seen_colours(const Shown& shown);

// Writes the wall as a PNG, each LED a round dot. False with a reason in `problem`.
bool write_png(const std::string& path, const Shown& shown, std::string* problem);

}  // namespace skiclock::host
