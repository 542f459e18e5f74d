// Puts a text or a picture into a row of panels as large as it fits.
#include "skiclock/display/layout.h"

#include <algorithm>

namespace skiclock {
namespace {

constexpr int kLabelGap = 4;
constexpr int kSmallHeight = 7;

bool fits(const Area& area, Text text, TextSize size) {
  return text_width(text, size) <= area.width;
}

}  // namespace

bool draw_first_fitting(Frame& frame, const Area& area, const Option* options, std::size_t count,
                        Ink ink) {
  for (std::size_t index = 0; index < count; ++index) {
    if (!fits(area, options[index].text, options[index].size)) continue;
    draw_centred(frame, area, options[index].text, options[index].size, ink);
    return true;
  }
  return false;
}

void draw_largest(Frame& frame, const Area& area, Text text, Ink ink) {
  const Option options[] = {{text, TextSize::kLarge}, {text, TextSize::kLargeTight}};
  if (draw_first_fitting(frame, area, options, ink)) return;
  draw_centred(frame, area, text, TextSize::kSmall, ink);
}

void draw_stacked(Frame& frame, const Area& area, Text above, Text below, Ink ink) {
  const Area upper{area.x, area.y, area.width, kSmallHeight};
  const Area lower{area.x, static_cast<std::int16_t>(area.y + area.height - kSmallHeight),
                   area.width, kSmallHeight};
  draw_centred(frame, upper, above, TextSize::kSmall, ink);
  draw_centred(frame, lower, below, TextSize::kSmall, ink);
}

void draw_labelled(Frame& frame, const Area& area, Text label, Text value, Ink ink) {
  const int label_width = text_width(label, TextSize::kSmall) + kLabelGap;
  const int width = label_width + text_width(value, TextSize::kLarge);
  if (width > area.width) {
    draw_largest(frame, area, value, ink);
    return;
  }
  const int x = area.x + (area.width - width) / 2;
  const int y = area.y + (area.height - text_depth(value, TextSize::kLarge)) / 2;
  draw_text(frame, area, x, y + kSmallHeight / 2, label, TextSize::kSmall, ink);
  draw_text(frame, area, x + label_width, y, value, TextSize::kLarge, ink);
}

void draw_bar(Frame& frame, const Area& area, int thickness, std::uint32_t done,
              std::uint32_t whole, Ink ink) {
  if (whole == 0) return;
  const auto width = static_cast<std::uint32_t>(area.width) * std::min(done, whole) / whole;
  Area bar = area;
  bar.y = static_cast<std::int16_t>(area.y + area.height - thickness);
  bar.height = static_cast<std::int16_t>(thickness);
  bar.width = static_cast<std::int16_t>(width);
  fill(frame, bar, ink);
}

}  // namespace skiclock
