// Text on panels: measured, placed, clipped, scrolled.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "display/art.h"
#include "skiclock/display/text.h"

using namespace skiclock;

namespace {

Frame blank(int width, int height) {
  Frame frame;
  frame.width = static_cast<std::uint16_t>(width);
  frame.height = static_cast<std::uint16_t>(height);
  return frame;
}

struct Extent {
  int left = 1000;
  int right = -1;
  int top = 1000;
  int bottom = -1;
};

Extent extent_of(const Frame& frame) {
  Extent extent;
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      if (frame.at(x, y) == Ink::kOff) continue;
      extent.left = std::min(extent.left, x);
      extent.right = std::max(extent.right, x);
      extent.top = std::min(extent.top, y);
      extent.bottom = std::max(extent.bottom, y);
    }
  }
  return extent;
}

constexpr Area kRow{0, 0, 64, 16};

}  // namespace

TEST_CASE("the width of a text is what it takes when drawn") {
  for (const char* text : {"42:34", "-12,5°C", "Åre", "j", "Wi-Fi!", "%&?"}) {
    for (const TextSize size :
         {TextSize::kSmall, TextSize::kCondensed, TextSize::kLargeTight, TextSize::kLarge}) {
      CAPTURE(text);
      Frame frame = blank(120, 16);
      draw_text(frame, {0, 0, 120, 16}, 3, 0, text_of(text), size, Ink::kMain);
      const Extent extent = extent_of(frame);
      CHECK(extent.left == 3);
      CHECK(extent.right == 3 + text_width(text_of(text), size) - 1);
      CHECK(extent.bottom < text_depth(text_of(text), size));
    }
  }
}

TEST_CASE("hours and minutes take 48 pixels at the tight large size: three panels") {
  CHECK(text_width(text_of("12:34"), TextSize::kLargeTight) == 48);
  CHECK(text_width(text_of("12:34"), TextSize::kLarge) == 50);
  CHECK(text_width(text_of("12:34"), TextSize::kSmall) == 25);
  CHECK(text_width(text_of("12\u200834"), TextSize::kLargeTight) == 48);
}

TEST_CASE("hours and minutes take 32 pixels with narrow digits: two panels") {
  CHECK(text_width(text_of("12:34"), TextSize::kCondensed) == 32);
  CHECK(text_width(text_of("12\u200834"), TextSize::kCondensed) == 32);
  CHECK(text_depth(text_of("12:34"), TextSize::kCondensed) == 14);
}

TEST_CASE("no text is no pixels wide") {
  CHECK(text_width(text_of(""), TextSize::kLarge) == 0);
  CHECK(text_depth(text_of(""), TextSize::kLarge) == 14);
  CHECK(text_depth(text_of(""), TextSize::kSmall) == 7);
}

TEST_CASE("tails make a text deeper") {
  CHECK(text_depth(text_of("A"), TextSize::kSmall) == 7);
  CHECK(text_depth(text_of("g"), TextSize::kSmall) == 8);
  CHECK(text_depth(text_of("A"), TextSize::kLarge) == 14);
  CHECK(text_depth(text_of("1,5"), TextSize::kLarge) == 15);
  CHECK(text_depth(text_of("g"), TextSize::kLarge) == 16);
}

TEST_CASE("a small A is drawn where it is told") {
  Frame frame = blank(7, 8);
  draw_text(frame, {0, 0, 7, 8}, 1, 1, text_of("A"), TextSize::kSmall, Ink::kAccent);
  CHECK(art_of(frame) ==
        ".......\n"
        "..ooo..\n"
        ".o...o.\n"
        ".o...o.\n"
        ".ooooo.\n"
        ".o...o.\n"
        ".o...o.\n"
        ".o...o.\n");
}

TEST_CASE("nothing outside the clip is touched") {
  Frame frame = blank(64, 16);
  const Area clip{10, 4, 20, 6};
  for (int x = -30; x < 70; x += 3) {
    draw_text(frame, clip, x, 0, text_of("MWÅ#"), TextSize::kLarge, Ink::kMain);
  }
  const Extent extent = extent_of(frame);
  CHECK(extent.left == 10);
  CHECK(extent.right == 29);
  CHECK(extent.top == 4);
  CHECK(extent.bottom == 9);
}

TEST_CASE("a text is centred both ways") {
  Frame frame = blank(64, 16);
  draw_centred(frame, kRow, text_of("12:34"), TextSize::kLarge, Ink::kMain);
  const Extent extent = extent_of(frame);
  CHECK(extent.left == 7 + 2);  // the 1 begins two pixels into its place
  CHECK(extent.right == 7 + 49);
  CHECK(extent.top == 1);
  CHECK(extent.bottom == 14);
}

TEST_CASE("a text that is too long is cut at both ends") {
  Frame frame = blank(16, 16);
  draw_centred(frame, {0, 0, 16, 16}, text_of("HHHHH"), TextSize::kSmall, Ink::kMain);
  const Extent extent = extent_of(frame);
  CHECK(extent.left == 0);
  CHECK(extent.right == 15);
}

TEST_CASE("a text that fits does not scroll") {
  Frame still = blank(64, 16);
  Frame later = blank(64, 16);
  draw_scrolling(still, kRow, text_of("Hej"), TextSize::kLarge, Ink::kMain, 0);
  draw_scrolling(later, kRow, text_of("Hej"), TextSize::kLarge, Ink::kMain, 7777);
  CHECK(art_of(still) == art_of(later));
  CHECK(scroll_pass_ms(text_of("Hej"), TextSize::kLarge, 64) == 0);
}

TEST_CASE("a text that is too long stands for a second, leaves, and comes again from the right") {
  const int width = 160;
  const int area = 64;
  CHECK(scroll_offset(width, area, TextSize::kLarge, 0) == 0);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 999) == 0);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 2000) == -32);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 5969) == -159);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 6000) == area);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 7000) == area - 32);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 7999) == 1);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 8000) == 0);
  CHECK(scroll_offset(width, area, TextSize::kLarge, 10000) == -32);
  CHECK(scroll_offset(width, area, TextSize::kSmall, 2000) == -20);
}

TEST_CASE("a scrolling text moves left by what its offset says") {
  const Text text = text_of("Tävlingen börjar");
  Frame begin = blank(48, 16);
  Frame moved = blank(48, 16);
  draw_scrolling(begin, {0, 0, 48, 16}, text, TextSize::kLarge, Ink::kMain, 500);
  draw_scrolling(moved, {0, 0, 48, 16}, text, TextSize::kLarge, Ink::kMain, 1500);
  for (int y = 0; y < 16; ++y) {
    for (int x = 16; x < 48; ++x) CHECK(moved.at(x - 16, y) == begin.at(x, y));
  }
}

TEST_CASE("a pass lasts until the last letter is gone") {
  const Text text = text_of("Wi-Fi: SkiClock-Setup");
  const std::uint32_t pass_ms = scroll_pass_ms(text, TextSize::kLarge, 48);
  const int width = text_width(text, TextSize::kLarge);
  CHECK(pass_ms == 1000 + static_cast<std::uint32_t>(width) * 1000 / 32);
  CHECK(scroll_offset(width, 48, TextSize::kLarge, pass_ms - 40) < -width + 3);
}

TEST_CASE("typographic signs are read as the plain ones") {
  const auto drawn = [](const char* text) {
    Frame frame = blank(64, 16);
    draw_text(frame, kRow, 0, 0, text_of(text), TextSize::kSmall, Ink::kMain);
    return art_of(frame);
  };
  CHECK(drawn("a–b") == drawn("a-b"));
  CHECK(drawn("−5") == drawn("-5"));
  CHECK(drawn("it’s") == drawn("it's"));
  CHECK(drawn("“x”") == drawn("\"x\""));
  CHECK(drawn("a\nb\tc\u00A0d") == drawn("a b c d"));
  CHECK(drawn("\xE5") == drawn("\uFFFD"));
  CHECK(drawn("€") == drawn("\uFFFD"));
}

TEST_CASE("words on a single panel scroll in small letters") {
  CHECK(scrolling_size(16) == TextSize::kSmall);
  CHECK(scrolling_size(32) == TextSize::kLarge);
}
