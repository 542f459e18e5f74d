// The side that people meet: panels, button, stopwatch.
#include "skiclock/app/face.h"

#include "skiclock/time/civil.h"

namespace skiclock {
namespace {

// Only one task writes it, so no atomic addition is needed (the ESP8266 has none).
void count_up(std::atomic<std::uint32_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void set_clock(FaceState& state, std::uint32_t now_ms) {
  ClockView& clock = state.view.clock;
  clock.is_set = state.has_time;
  if (!state.has_time) return;
  const std::int64_t passed_ms = static_cast<std::int32_t>(now_ms - state.at_ms);
  const std::int64_t unix_s = (state.unix_ms + passed_ms) / 1000;
  const Civil local = civil_of(unix_s + state.offset_s);
  clock.year = static_cast<std::uint16_t>(local.year);
  clock.month = local.month;
  clock.day = local.day;
  clock.weekday = local.weekday;
  clock.hour = local.hour;
  clock.minute = local.minute;
  clock.second = local.second;
}

}  // namespace

Face::Face(const Wall& wall, PanelPort& panels, ButtonPort& button)
    : display_(wall, panels), button_port_(button) {}

void Face::render(std::uint32_t now_ms) {
  poll_button(now_ms);
  stopwatch_.poll(now_ms);
  FaceState state;
  // What was shown before is shown for one more frame where the main loop is at it right now.
  if (!handover_.get(state)) return;
  set_clock(state, now_ms);
  state.view.stopwatch = stopwatch_.view(now_ms);
  state.view.reset_in_s = button_.reset_in_s(now_ms);
  count_up(turn_);
  display_.set(state.light);
  display_.set(state.screens);
  display_.render(state.view, now_ms);
  count_up(turn_);
}

void Face::poll_button(std::uint32_t now_ms) {
  switch (button_.poll(button_port_.is_pressed(), now_ms)) {
    case ButtonEvent::kShortPress:
      stopwatch_.press(button_.pressed_at_ms());
      count_up(presses_);
      break;
    case ButtonEvent::kFactoryReset:
      count_up(resets_);
      break;
    case ButtonEvent::kNone:
    case ButtonEvent::kLongPressBegan:
    case ButtonEvent::kLongPressCancelled:
      break;
  }
}

}  // namespace skiclock
