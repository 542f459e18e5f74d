// The display of a clock: from what is known to what the LEDs show.
#include "skiclock/display/display.h"

#include "skiclock/display/screens.h"

namespace skiclock {

Display::Display(const Wall& wall, PanelPort& panels) : wall_(wall), panels_(panels) {}

void Display::render(const View& view, std::uint32_t now_ms) {
  frame_.width = width_of(wall_);
  frame_.height = height_of(wall_);
  plan_ = plan_screens(view, screens_, wall_, now_ms);
  draw(view, plan_, now_ms, frame_);
  const Palette wanted = palette_at(light_, brightness_at(light_, view.clock));
  const std::uint8_t needed =
      limited_scale(frame_, wanted, led_count(wall_), light_.current_limit_ma);
  palette_ = scaled(wanted, steady_.next(needed, now_ms));
  panels_.show(frame_, palette_);
}

}  // namespace skiclock
