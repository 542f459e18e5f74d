// Characters drawn by hand at twice the size, where smoothing looks wrong: fourteen rows above the
// base line and two below it.
#pragma once

#include "skiclock/display/glyph_sheet.h"

namespace skiclock {

inline constexpr std::size_t kLargeRows = 16;

// clang-format off
inline constexpr GlyphSheet<kLargeRows> kLargeSheets[] = {
    {U",",
     {"...", "...", "...", "...", "...", "...", "...", "...",
      "...", "...", "...", "...", ".##", ".##", "##.", "..."}},
};
// clang-format on

static_assert(is_well_drawn(kLargeSheets), "a row of a sheet is longer or shorter than the others");

}  // namespace skiclock
