// Text on panels: measured, placed, clipped, scrolled.
#include "skiclock/display/text.h"

#include "skiclock/display/font.h"
#include "skiclock/display/utf8.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kHoldMs = 1000;
constexpr int kReadableWidth = 32;
constexpr int kSmallDepth = 7;
constexpr int kLargeDepth = 14;

// People type, and their editors beautify; the font has one dash and one quotation mark.
char32_t plain(char32_t code) {
  if (code < 0x20 || code == 0x7F || code == 0xA0) return U' ';
  if (code == 0x2010 || code == 0x2011 || code == 0x2013 || code == 0x2014 || code == 0x2212) {
    return U'-';
  }
  if (code == 0x2018 || code == 0x2019) return U'\'';
  if (code == 0x201C || code == 0x201D) return U'"';
  return code;
}

bool is_narrow(char32_t code) {
  return code == U':' || code == U',' || code == U'.' || code == kPunctuationSpace;
}

int gap_between(char32_t left, char32_t right, TextSize size) {
  if (size == TextSize::kSmall) return 1;
  return size != TextSize::kLarge && (is_narrow(left) || is_narrow(right)) ? 1 : 2;
}

int width_in(TextSize size, char32_t code) {
  if (size == TextSize::kSmall) return small_width(code);
  return size == TextSize::kCondensed ? condensed_width(code) : large_width(code);
}

Glyph glyph_in(TextSize size, char32_t code) {
  if (size == TextSize::kSmall) return small_glyph(code);
  return size == TextSize::kCondensed ? condensed_glyph(code) : large_glyph(code);
}

// Walks over a text and knows where each glyph stands.
class Walk {
 public:
  Walk(Text text, TextSize size) : text_(text), size_(size) {}

  bool next() {
    if (offset_ >= text_.size) return false;
    const char32_t code = plain(next_character(text_, &offset_));
    if (code_ != 0) x_ += width_ + gap_between(code_, code, size_);
    code_ = code;
    width_ = width_in(size_, code);
    return true;
  }

  int x() const { return x_; }
  int end() const { return x_ + width_; }
  Glyph glyph() const { return glyph_in(size_, code_); }

 private:
  Text text_;
  TextSize size_;
  std::size_t offset_ = 0;
  char32_t code_ = 0;
  int x_ = 0;
  int width_ = 0;
};

void draw_glyph(Frame& frame, const Area& clip, int x, int y, const Glyph& glyph, Ink ink) {
  for (int column = 0; column < glyph.width; ++column) {
    int row = y;
    for (unsigned bits = glyph.columns[column]; bits != 0; bits >>= 1, ++row) {
      if ((bits & 1U) != 0 && is_within(clip, x + column, row)) frame.set(x + column, row, ink);
    }
  }
}

int pixels_per_second(TextSize size) { return size == TextSize::kSmall ? 20 : 32; }

int depth_of_letters(TextSize size) { return size == TextSize::kSmall ? kSmallDepth : kLargeDepth; }

int depth_with_tails(TextSize size) { return size == TextSize::kSmall ? 8 : 16; }

}  // namespace

int text_width(Text text, TextSize size) {
  Walk walk(text, size);
  int width = 0;
  while (walk.next()) width = walk.end();
  return width;
}

int text_depth(Text text, TextSize size) {
  int depth = depth_of_letters(size);
  Walk walk(text, size);
  while (walk.next()) {
    const Glyph glyph = walk.glyph();
    for (int column = 0; column < glyph.width; ++column) {
      while (glyph.columns[column] >> depth != 0) ++depth;
    }
  }
  return depth;
}

void draw_text(Frame& frame, const Area& clip, int x, int y, Text text, TextSize size, Ink ink) {
  Walk walk(text, size);
  while (walk.next()) {
    const int left = x + walk.x();
    if (left >= clip.x + clip.width) return;
    if (x + walk.end() <= clip.x) continue;
    draw_glyph(frame, clip, left, y, walk.glyph(), ink);
  }
}

void draw_centred(Frame& frame, const Area& area, Text text, TextSize size, Ink ink) {
  const int x = area.x + (area.width - text_width(text, size)) / 2;
  const int y = area.y + (area.height - text_depth(text, size)) / 2;
  draw_text(frame, area, x, y, text, size, ink);
}

int scroll_offset(int text_width, int area_width, TextSize size, std::uint32_t elapsed_ms) {
  const auto way = static_cast<std::uint32_t>(text_width + area_width);
  const auto speed = static_cast<std::uint32_t>(pixels_per_second(size));
  const std::uint32_t turn_ms = kHoldMs + way * 1000 / speed;
  const std::uint32_t in_turn_ms = elapsed_ms % turn_ms;
  if (in_turn_ms < kHoldMs) return 0;
  const int moved = static_cast<int>((in_turn_ms - kHoldMs) * speed / 1000);
  return moved < text_width ? -moved : area_width - (moved - text_width);
}

void draw_scrolling(Frame& frame, const Area& area, Text text, TextSize size, Ink ink,
                    std::uint32_t elapsed_ms) {
  const int width = text_width(text, size);
  if (width <= area.width) {
    draw_centred(frame, area, text, size, ink);
    return;
  }
  const int x = area.x + scroll_offset(width, area.width, size, elapsed_ms);
  const int y = area.y + (area.height - depth_with_tails(size)) / 2;
  draw_text(frame, area, x, y, text, size, ink);
}

TextSize scrolling_size(int area_width) {
  return area_width < kReadableWidth ? TextSize::kSmall : TextSize::kLarge;
}

std::uint32_t scroll_pass_ms(Text text, TextSize size, int area_width) {
  const int width = text_width(text, size);
  if (width <= area_width) return 0;
  return kHoldMs + static_cast<std::uint32_t>(width) * 1000U /
                       static_cast<std::uint32_t>(pixels_per_second(size));
}

void fill(Frame& frame, const Area& area, Ink ink) {
  for (int y = area.y; y < area.y + area.height; ++y) {
    for (int x = area.x; x < area.x + area.width; ++x) frame.set(x, y, ink);
  }
}

}  // namespace skiclock
