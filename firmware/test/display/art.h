// Frames and glyphs as text art, and golden files of it.
//
// A golden file is compared line by line. After a change that was meant, run the tests with
// SKICLOCK_UPDATE_GOLDEN=1, look at the difference, and commit it.
#pragma once

#include <string>

#include "skiclock/display/frame.h"
#include "skiclock/display/glyph.h"
#include "skiclock/display/panels.h"

namespace skiclock {

// '.' dark, '#' main, 'o' accent, '!' warning, ' ' where no panel hangs; a line a row.
std::string art_of(const Frame& frame);
std::string art_of(const Frame& frame, const Wall& wall);
std::string art_of(const Glyph& glyph, int rows);

// Checks a text against display/golden/NAME.txt and says where they differ.
void check_golden(const std::string& name, const std::string& actual);

}  // namespace skiclock
