// Looks characters up in the font.
#include "skiclock/display/font.h"

#include "skiclock/display/font_condensed.h"
#include "skiclock/display/font_large.h"
#include "skiclock/display/font_small.h"
#include "skiclock/display/smoothing.h"

namespace skiclock {
namespace {

constexpr std::size_t kSmallCount = count_glyphs(kSmallSheets);
constexpr std::size_t kLargeCount = count_glyphs(kLargeSheets);
constexpr std::size_t kCondensedCount = count_glyphs(kCondensedSheets);

using Small = StoredGlyph<4>;
using Large = StoredGlyph<8>;
using Condensed = StoredGlyph<3>;

SKICLOCK_FLASH constexpr std::array<Small, kSmallCount> kSmallGlyphs =
    glyphs_of<kSmallCount, 4>(kSmallSheets);
SKICLOCK_FLASH constexpr std::array<Large, kLargeCount> kLargeGlyphs =
    glyphs_of<kLargeCount, 8>(kLargeSheets);
SKICLOCK_FLASH constexpr std::array<Condensed, kCondensedCount> kCondensedGlyphs =
    glyphs_of<kCondensedCount, 3>(kCondensedSheets);

const Small& small_or_box(char32_t code) {
  const int found = find_glyph(kSmallGlyphs, code);
  return kSmallGlyphs[static_cast<std::size_t>(found >= 0 ? found
                                                          : find_glyph(kSmallGlyphs, kBox))];
}

// Null where nobody drew it by hand.
const Large* drawn_by_hand(char32_t code) {
  const int found = find_glyph(kLargeGlyphs, code);
  return found >= 0 ? &kLargeGlyphs[static_cast<std::size_t>(found)] : nullptr;
}

// Null where there is no narrow one.
const Condensed* drawn_narrow(char32_t code) {
  const int found = find_glyph(kCondensedGlyphs, code);
  return found >= 0 ? &kCondensedGlyphs[static_cast<std::size_t>(found)] : nullptr;
}

}  // namespace

Glyph small_glyph(char32_t code) { return unpacked(small_or_box(code)); }

Glyph large_glyph(char32_t code) {
  const Large* drawn = drawn_by_hand(code);
  return drawn != nullptr ? unpacked(*drawn) : doubled(small_glyph(code));
}

Glyph condensed_glyph(char32_t code) {
  const Condensed* drawn = drawn_narrow(code);
  return drawn != nullptr ? unpacked(*drawn) : large_glyph(code);
}

int small_width(char32_t code) { return width_of(small_or_box(code)); }

int large_width(char32_t code) {
  const Large* drawn = drawn_by_hand(code);
  return drawn != nullptr ? width_of(*drawn) : 2 * small_width(code);
}

int condensed_width(char32_t code) {
  const Condensed* drawn = drawn_narrow(code);
  return drawn != nullptr ? width_of(*drawn) : large_width(code);
}

std::size_t font_size() { return kSmallCount; }

char32_t font_code(std::size_t index) {
  return static_cast<char32_t>(code_of(flash_word(kSmallGlyphs[index].head)));
}

bool is_drawn_by_hand(char32_t code) { return drawn_by_hand(code) != nullptr; }

}  // namespace skiclock
