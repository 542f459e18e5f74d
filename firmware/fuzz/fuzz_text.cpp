// Texts from a broker on walls of any shape: nothing is drawn outside the panels, nothing exceeds
// the current limit, and reading comes to an end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "skiclock/display/display.h"
#include "skiclock/display/text.h"
#include "skiclock/display/utf8.h"

using namespace skiclock;

namespace {

constexpr std::uint32_t kLimitMa = 5000;

void require(bool is_so) {
  if (!is_so) std::abort();
}

struct Panels : PanelPort {
  const Wall& wall;
  explicit Panels(const Wall& hung) : wall(hung) {}
  void show(const Frame& frame, const Palette& palette) override {
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        require(frame.at(x, y) == Ink::kOff || led_of(wall, x, y) < led_count(wall));
      }
    }
    require(current_ma(frame, palette, led_count(wall)) <= kLimitMa);
  }
};

void read_to_the_end(Text text) {
  for (std::size_t offset = 0; offset < text.size;) {
    const std::size_t before = offset;
    const char32_t code = next_character(text, &offset);
    require(offset > before && offset <= text.size && code <= 0x10FFFF);
  }
  require(text_width(text, TextSize::kLargeTight) <= text_width(text, TextSize::kLarge));
}

}  // namespace

// Four bytes of shape and time, then rows such as "3+4", a line break, and the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const char* begin = reinterpret_cast<const char*>(data) + 4;
  const char* end = reinterpret_cast<const char*>(data) + size;
  const char* line_end = std::find(begin, end, '\n');
  const Text text{line_end, static_cast<std::size_t>(end - line_end)};
  read_to_the_end(text);

  Wall wall = wall_of(3);
  set_rows(wall, Text{begin, static_cast<std::size_t>(line_end - begin)});
  wall.rows[0].indent = data[0];
  if (!is_valid(wall)) wall.rows[0].indent = 0;
  View view;
  view.clock.is_set = (data[1] & 1) != 0;
  set_wifi_hint(view, text);
  view.wifi_hint.is_active = (data[1] & 2) != 0;
  const std::uint32_t now_ms = data[2] * 65521U + data[3] * 331U;
  set_message(view, text, now_ms - data[3] * 100U, (data[1] & 4) != 0 ? 60000 : 0);

  Panels panels(wall);
  Display display(wall, panels);
  LightSettings light;
  light.brightness = 255;
  light.current_limit_ma = kLimitMa;
  display.set(light);
  display.render(view, now_ms);
  return 0;
}
