// The font: all its characters, at both sizes.
#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <string>

#include "display/art.h"
#include "skiclock/display/font.h"
#include "skiclock/display/smoothing.h"

using namespace skiclock;

namespace {

constexpr int kSmallRows = 8;
constexpr int kLargeRows = 16;

// Draws a small glyph from text art, rows separated by '/'.
Glyph glyph_from(const char* art) {
  Glyph glyph;
  int x = 0;
  int y = 0;
  for (const char* symbol = art; *symbol != '\0'; ++symbol) {
    if (*symbol == '/') {
      x = 0;
      ++y;
      continue;
    }
    if (*symbol == '#') glyph.columns[x] = static_cast<std::uint16_t>(glyph.columns[x] | 1 << y);
    glyph.width = static_cast<std::uint8_t>(++x);
  }
  return glyph;
}

bool is_blank(char32_t code) {
  return code == U' ' || code == kFigureSpace || code == kPunctuationSpace;
}

std::string utf8_of(char32_t code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  if (code < 0x800) {
    return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
  }
  return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

}  // namespace

TEST_CASE("every character that a club writes is in the font") {
  const std::u32string promised =
      U"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzÅÄÖåäöÆØæø.,:-°/%+!? ";
  const std::string box = art_of(small_glyph(kBox), kSmallRows);
  for (const char32_t code : promised) {
    CAPTURE(utf8_of(code));
    CHECK(art_of(small_glyph(code), kSmallRows) != box);
  }
}

TEST_CASE("no two characters but O and 0 look alike, at either size") {
  std::set<std::string> small;
  std::set<std::string> large;
  for (std::size_t index = 0; index < font_size(); ++index) {
    const char32_t code = font_code(index);
    if (code == U'O') continue;
    CAPTURE(utf8_of(code));
    CHECK(small.insert(art_of(small_glyph(code), kSmallRows)).second);
    CHECK(large.insert(art_of(large_glyph(code), kLargeRows)).second);
  }
}

TEST_CASE("every glyph but a blank and the 1 touches both sides, and all stay in their rows") {
  for (std::size_t index = 0; index < font_size(); ++index) {
    const char32_t code = font_code(index);
    CAPTURE(utf8_of(code));
    const Glyph small = small_glyph(code);
    const Glyph large = large_glyph(code);
    CHECK(small.width > 0);
    CHECK(large.width <= kMaxGlyphWidth);
    const bool touches = !is_blank(code) && code != U'1';
    CHECK((small.columns[0] != 0) == touches);
    CHECK((small.columns[small.width - 1] != 0) == touches);
    CHECK((large.columns[0] != 0) == touches);
    CHECK((large.columns[large.width - 1] != 0) == touches);
    for (const std::uint16_t column : small.columns) CHECK(column < 1 << kSmallRows);
  }
}

TEST_CASE("digits and the blank of a digit are equally wide, so that a clock does not wobble") {
  for (char32_t digit = U'0'; digit <= U'9'; ++digit) {
    CHECK(small_glyph(digit).width == 5);
    CHECK(large_glyph(digit).width == 10);
    CHECK(condensed_glyph(digit).width == 6);
  }
  CHECK(small_glyph(kFigureSpace).width == 5);
  CHECK(small_glyph(kPunctuationSpace).width == small_glyph(U':').width);
  CHECK(large_glyph(kPunctuationSpace).width == large_glyph(U':').width);
}

TEST_CASE("a width is that of the glyph, in every size") {
  for (std::size_t index = 0; index < font_size(); ++index) {
    const char32_t code = font_code(index);
    CHECK(small_width(code) == small_glyph(code).width);
    CHECK(large_width(code) == large_glyph(code).width);
    CHECK(condensed_width(code) == condensed_glyph(code).width);
  }
}

TEST_CASE("narrow digits are their own, all letters are the large ones") {
  std::set<std::string> narrow;
  for (char32_t digit = U'0'; digit <= U'9'; ++digit) {
    CHECK(narrow.insert(art_of(condensed_glyph(digit), kLargeRows)).second);
  }
  CHECK(art_of(condensed_glyph(U'A'), kLargeRows) == art_of(large_glyph(U'A'), kLargeRows));
  CHECK(art_of(condensed_glyph(U'€'), kLargeRows) == art_of(large_glyph(kBox), kLargeRows));
}

TEST_CASE("the comma hangs below the base line, the full stop does not") {
  const auto lit_below = [](const Glyph& glyph, int base_line) {
    for (const std::uint16_t column : glyph.columns) {
      if (column >> base_line != 0) return true;
    }
    return false;
  };
  CHECK(lit_below(small_glyph(U','), 7));
  CHECK(lit_below(large_glyph(U','), 14));
  CHECK_FALSE(lit_below(small_glyph(U'.'), 7));
  CHECK_FALSE(lit_below(large_glyph(U'.'), 14));
}

TEST_CASE("a character that is not in the font is a box") {
  for (const char32_t code : {U'€', U'\U0001F3BF', char32_t{0}, char32_t{0x10FFFF}}) {
    CHECK(art_of(small_glyph(code), kSmallRows) == art_of(small_glyph(kBox), kSmallRows));
    CHECK(art_of(large_glyph(code), kLargeRows) == art_of(large_glyph(kBox), kLargeRows));
  }
}

TEST_CASE("doubling makes four pixels of one and keeps straight edges") {
  CHECK(art_of(doubled(glyph_from("##/#.")), 4) ==
        "####\n"
        "####\n"
        "##..\n"
        "##..\n");
}

TEST_CASE("a falling diagonal becomes a band") {
  CHECK(art_of(doubled(glyph_from("#../.#./..#")), 6) ==
        "##....\n"
        "###...\n"
        ".###..\n"
        "..###.\n"
        "...###\n"
        "....##\n");
}

TEST_CASE("a rising diagonal becomes a band") {
  CHECK(art_of(doubled(glyph_from("..#/.#./#..")), 6) ==
        "....##\n"
        "...###\n"
        "..###.\n"
        ".###..\n"
        "###...\n"
        "##....\n");
}

TEST_CASE("a corner that is filled already is no diagonal") {
  CHECK(art_of(doubled(glyph_from("#./##")), 4) ==
        "##..\n"
        "##..\n"
        "####\n"
        "####\n");
}

TEST_CASE("all eight rows of a small glyph are doubled") {
  const Glyph large = doubled(glyph_from("#/./././././#/#"));
  CHECK(large.width == 2);
  CHECK(large.columns[0] == 0xF003);
  CHECK(large.columns[1] == 0xF003);
}

TEST_CASE("the specimen of all glyphs is as it was when somebody looked at it") {
  std::string specimen;
  for (std::size_t index = 0; index < font_size(); ++index) {
    const char32_t code = font_code(index);
    specimen += "= " + utf8_of(code) + (is_drawn_by_hand(code) ? " by hand\n" : "\n");
    specimen += art_of(small_glyph(code), kSmallRows) + "\n";
    specimen += art_of(large_glyph(code), kLargeRows) + "\n";
    if (condensed_width(code) == large_width(code)) continue;
    specimen += art_of(condensed_glyph(code), kLargeRows) + "\n";
  }
  check_golden("font", specimen);
}
