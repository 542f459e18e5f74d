// Doubles a glyph and smooths its diagonals.
#pragma once

#include "skiclock/display/glyph.h"

namespace skiclock {

// Each pixel becomes four. Where two pixels touch only with their corners, a quarter of each dark
// neighbour is lit, so that a diagonal is a band and no stair; straight edges and corners stay.
Glyph doubled(const Glyph& small);

}  // namespace skiclock
