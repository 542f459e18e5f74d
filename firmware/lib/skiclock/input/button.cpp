// The push button: from a bouncing contact to what its owner meant.
#include "skiclock/input/button.h"

namespace skiclock {
namespace {

enum class Input : std::uint8_t {
  kNothing,
  kPress,
  kRelease,
  kLong,  // held for kLongPressMs
  kFull,  // held for kFactoryResetMs
};

struct Transition {
  ButtonState from;
  Input input;
  ButtonState to;
  ButtonEvent event;
};

// What is not listed changes nothing.
constexpr Transition kTransitions[] = {
    {ButtonState::kStuck, Input::kRelease, ButtonState::kUp, ButtonEvent::kNone},
    {ButtonState::kUp, Input::kPress, ButtonState::kDown, ButtonEvent::kNone},
    {ButtonState::kDown, Input::kRelease, ButtonState::kUp, ButtonEvent::kShortPress},
    {ButtonState::kDown, Input::kLong, ButtonState::kHeld, ButtonEvent::kLongPressBegan},
    {ButtonState::kHeld, Input::kRelease, ButtonState::kUp, ButtonEvent::kLongPressCancelled},
    {ButtonState::kHeld, Input::kFull, ButtonState::kSpent, ButtonEvent::kFactoryReset},
    {ButtonState::kSpent, Input::kRelease, ButtonState::kUp, ButtonEvent::kNone},
};

Input held_for(ButtonState state, std::uint32_t held_ms) {
  if (state == ButtonState::kDown && held_ms >= kLongPressMs) return Input::kLong;
  if (state == ButtonState::kHeld && held_ms >= kFactoryResetMs) return Input::kFull;
  return Input::kNothing;
}

}  // namespace

ButtonEvent Button::poll(bool pressed, std::uint32_t now_ms) {
  Input input = held_for(state_, now_ms - pressed_at_ms_);
  if (settle(pressed, now_ms)) input = level_ ? Input::kPress : Input::kRelease;
  if (input == Input::kPress) pressed_at_ms_ = raw_since_ms_;
  for (const Transition& transition : kTransitions) {
    if (transition.from != state_ || transition.input != input) continue;
    state_ = transition.to;
    return transition.event;
  }
  return ButtonEvent::kNone;
}

std::uint8_t Button::reset_in_s(std::uint32_t now_ms) const {
  if (state_ != ButtonState::kHeld) return 0;
  const std::uint32_t held_ms = now_ms - pressed_at_ms_;
  if (held_ms >= kFactoryResetMs) return 1;
  return static_cast<std::uint8_t>((kFactoryResetMs - held_ms + 999) / 1000);
}

// True once when a new level has stood still for long enough.
bool Button::settle(bool pressed, std::uint32_t now_ms) {
  if (!is_started_ || pressed != raw_) {
    is_started_ = true;
    raw_ = pressed;
    raw_since_ms_ = now_ms;
  }
  if (raw_ == level_ || now_ms - raw_since_ms_ < kDebounceMs) return false;
  level_ = raw_;
  return true;
}

}  // namespace skiclock
