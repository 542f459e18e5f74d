// Looks characters up in the font.
#include "skiclock/display/font.h"

#include "skiclock/display/font_large.h"
#include "skiclock/display/font_small.h"
#include "skiclock/display/smoothing.h"

namespace skiclock {
namespace {

constexpr std::size_t kSmallCount = count_glyphs(kSmallSheets);
constexpr std::size_t kLargeCount = count_glyphs(kLargeSheets);

SKICLOCK_FLASH constexpr std::array<StoredGlyph<4>, kSmallCount> kSmallGlyphs =
    glyphs_of<kSmallCount, 4>(kSmallSheets);
SKICLOCK_FLASH constexpr std::array<StoredGlyph<8>, kLargeCount> kLargeGlyphs =
    glyphs_of<kLargeCount, 8>(kLargeSheets);

}  // namespace

Glyph small_glyph(char32_t code) {
  Glyph glyph;
  if (!find_glyph(kSmallGlyphs, code, &glyph)) find_glyph(kSmallGlyphs, kBox, &glyph);
  return glyph;
}

Glyph large_glyph(char32_t code) {
  Glyph glyph;
  if (find_glyph(kLargeGlyphs, code, &glyph)) return glyph;
  return doubled(small_glyph(code));
}

std::size_t font_size() { return kSmallCount; }

char32_t font_code(std::size_t index) {
  return static_cast<char32_t>(code_of(flash_word(kSmallGlyphs[index].head)));
}

bool is_drawn_by_hand(char32_t code) {
  Glyph glyph;
  return find_glyph(kLargeGlyphs, code, &glyph);
}

}  // namespace skiclock
