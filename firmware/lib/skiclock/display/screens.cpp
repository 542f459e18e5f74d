// Which drawing belongs to which screen.
#include "skiclock/display/screens.h"

#include "skiclock/display/screen_drawings.h"
#include "skiclock/display/text.h"

namespace skiclock {
namespace {

// On in the even seconds of the clock, so that all clocks of a club blink together.
bool shows_colon(const View& view, const ScreenPlan& plan) {
  return !plan.blink_colon || !view.clock.is_set || view.clock.second % 2 == 0;
}

void draw_passing(Frame& frame, const ScreenLine& line, const char* text, Ink ink,
                  std::uint32_t now_ms) {
  draw_scrolling(frame, line.area, text_of(text), scrolling_size(line.area.width), ink,
                 now_ms - line.since_ms);
}

void draw_line(const View& view, const ScreenPlan& plan, const ScreenLine& line,
               std::uint32_t now_ms, Frame& frame) {
  switch (line.screen) {
    case Screen::kTime:
      return draw_time(frame, line.area, view.clock, shows_colon(view, plan));
    case Screen::kDate:
      return draw_date(frame, line.area, view.clock);
    case Screen::kTemperature:
      return draw_temperature(frame, line.area, view.temperature);
    case Screen::kMessage:
      return draw_passing(frame, line, view.message.text, Ink::kAccent, now_ms);
    case Screen::kWifiHint:
      return draw_passing(frame, line, view.wifi_hint.text, Ink::kWarning, now_ms);
    case Screen::kStopwatch:
      return draw_stopwatch(frame, line.area, view.stopwatch);
    case Screen::kUpdate:
      return draw_update(frame, line, view.update);
    case Screen::kIdentify:
      return draw_identify(frame, line.area, now_ms);
    case Screen::kFactoryReset:
      return draw_factory_reset(frame, line, view.reset_in_s);
    case Screen::kNothing:
      return;
  }
}

}  // namespace

void draw(const View& view, const ScreenPlan& plan, std::uint32_t now_ms, Frame& frame) {
  frame.clear();
  for (std::uint8_t index = 0; index < plan.count; ++index) {
    draw_line(view, plan, plan.lines[index], now_ms, frame);
  }
}

}  // namespace skiclock
