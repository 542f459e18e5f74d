// Turns drawings of characters (text art) into tables, while the compiler runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "skiclock/display/glyph.h"
#include "skiclock/flash.h"

namespace skiclock {

// Characters side by side, a blank column between them; '#' is lit, '.' is not.
template <std::size_t Rows>
struct GlyphSheet {
  const char32_t* codes;
  const char* rows[Rows];
};

// In whole words, two columns of 16 bits in each, because flash may be read in words only.
template <std::size_t Words>
struct StoredGlyph {
  std::uint32_t head = 0;  // width << 24 | code
  std::uint32_t columns[Words] = {};
};

constexpr std::uint32_t code_of(std::uint32_t head) { return head & 0xFFFFFFU; }

template <std::size_t Rows, std::size_t Sheets>
constexpr std::size_t count_glyphs(const GlyphSheet<Rows> (&sheets)[Sheets]) {
  std::size_t count = 0;
  for (const auto& sheet : sheets) {
    for (const char32_t* code = sheet.codes; *code != 0; ++code) ++count;
  }
  return count;
}

// Whether every row of every sheet has as many characters as the others and as there are codes.
template <std::size_t Rows, std::size_t Sheets>
constexpr bool is_well_drawn(const GlyphSheet<Rows> (&sheets)[Sheets]) {
  for (const auto& sheet : sheets) {
    std::size_t glyphs = 0;
    while (sheet.codes[glyphs] != 0) ++glyphs;
    for (const char* row : sheet.rows) {
      std::size_t blanks = 0;
      std::size_t at = 0;
      for (; row[at] != 0; ++at) {
        const char drawn = row[at];
        if (drawn != '#' && drawn != '.' && drawn != ' ') return false;
        if ((drawn == ' ') != (sheet.rows[0][at] == ' ')) return false;
        if (drawn == ' ') ++blanks;
      }
      if (sheet.rows[0][at] != 0 || blanks + 1 != glyphs) return false;
    }
  }
  return true;
}

template <std::size_t Words, std::size_t Rows>
constexpr StoredGlyph<Words> glyph_from(const GlyphSheet<Rows>& sheet, std::size_t begin,
                                        char32_t code) {
  StoredGlyph<Words> glyph;
  std::size_t width = 0;
  for (; sheet.rows[0][begin + width] != 0 && sheet.rows[0][begin + width] != ' '; ++width) {
    for (std::size_t row = 0; row < Rows; ++row) {
      if (sheet.rows[row][begin + width] != '#') continue;
      glyph.columns[width / 2] |= std::uint32_t{1} << (row + (width % 2) * 16);
    }
  }
  glyph.head = static_cast<std::uint32_t>(width) << 24 | static_cast<std::uint32_t>(code);
  return glyph;
}

template <std::size_t Count, std::size_t Words>
constexpr void sort_by_code(std::array<StoredGlyph<Words>, Count>& glyphs) {
  for (std::size_t end = 1; end < Count; ++end) {
    for (std::size_t at = end; at > 0; --at) {
      if (code_of(glyphs[at - 1].head) <= code_of(glyphs[at].head)) break;
      const StoredGlyph<Words> moved = glyphs[at];
      glyphs[at] = glyphs[at - 1];
      glyphs[at - 1] = moved;
    }
  }
}

// The glyphs of all sheets, sorted by code.
template <std::size_t Count, std::size_t Words, std::size_t Rows, std::size_t Sheets>
constexpr std::array<StoredGlyph<Words>, Count> glyphs_of(
    const GlyphSheet<Rows> (&sheets)[Sheets]) {
  std::array<StoredGlyph<Words>, Count> glyphs{};
  std::size_t next = 0;
  for (const auto& sheet : sheets) {
    std::size_t begin = 0;
    for (const char32_t* code = sheet.codes; *code != 0; ++code) {
      glyphs[next] = glyph_from<Words>(sheet, begin, *code);
      begin += (glyphs[next].head >> 24) + 1;
      ++next;
    }
  }
  sort_by_code(glyphs);
  return glyphs;
}

// Returns the place of a character, found by bisection, or -1 where the table has it not.
template <std::size_t Count, std::size_t Words>
int find_glyph(const std::array<StoredGlyph<Words>, Count>& glyphs, char32_t code) {
  std::size_t low = 0;
  std::size_t high = Count;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const std::uint32_t found = code_of(flash_word(glyphs[middle].head));
    if (found == code) return static_cast<int>(middle);
    if (found < code) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return -1;
}

template <std::size_t Words>
int width_of(const StoredGlyph<Words>& stored) {
  return static_cast<int>(flash_word(stored.head) >> 24);
}

template <std::size_t Words>
Glyph unpacked(const StoredGlyph<Words>& stored) {
  static_assert(Words * 2 <= kMaxGlyphWidth, "a glyph has more columns than anybody can draw");
  Glyph glyph;
  glyph.width = static_cast<std::uint8_t>(width_of(stored));
  for (std::size_t word = 0; word * 2 < glyph.width; ++word) {
    const std::uint32_t columns = flash_word(stored.columns[word]);
    glyph.columns[word * 2] = static_cast<std::uint16_t>(columns);
    glyph.columns[word * 2 + 1] = static_cast<std::uint16_t>(columns >> 16);
  }
  return glyph;
}

}  // namespace skiclock
