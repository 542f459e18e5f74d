// The push button: from a bouncing contact to what its owner meant.
#include "skiclock/input/button.h"

namespace skiclock {
namespace {

struct Transition {
  ButtonState from;
  ButtonInput input;
  ButtonState to;
  ButtonEvent event;
};

constexpr Transition kTransitions[] = {
    {ButtonState::kStuck, ButtonInput::kRelease, ButtonState::kUp, ButtonEvent::kNone},
    {ButtonState::kUp, ButtonInput::kPress, ButtonState::kDown, ButtonEvent::kNone},
    {ButtonState::kDown, ButtonInput::kRelease, ButtonState::kUp, ButtonEvent::kShortPress},
    {ButtonState::kDown, ButtonInput::kLong, ButtonState::kHeld, ButtonEvent::kLongPressBegan},
    {ButtonState::kHeld, ButtonInput::kRelease, ButtonState::kUp, ButtonEvent::kLongPressCancelled},
    {ButtonState::kHeld, ButtonInput::kFull, ButtonState::kSpent, ButtonEvent::kFactoryReset},
    {ButtonState::kSpent, ButtonInput::kRelease, ButtonState::kUp, ButtonEvent::kNone},
};

ButtonInput held_for(ButtonState state, std::uint32_t held_ms) {
  if (state == ButtonState::kDown && held_ms >= kLongPressMs) return ButtonInput::kLong;
  if (state == ButtonState::kHeld && held_ms >= kFactoryResetMs) return ButtonInput::kFull;
  return ButtonInput::kNothing;
}

}  // namespace

ButtonStep step(ButtonState from, ButtonInput input) {
  for (const Transition& row : kTransitions) {
    if (row.from == from && row.input == input) return {row.to, row.event};
  }
  return {from, ButtonEvent::kNone};
}

ButtonEvent Button::poll(bool pressed, std::uint32_t now_ms) {
  // Nobody knows what the contact did while the loop was away: it must be held anew.
  if (now_ms - polled_at_ms_ > kBlindMs) held_since_ms_ = now_ms;
  polled_at_ms_ = now_ms;
  ButtonInput input = pressed ? held_for(state_, now_ms - held_since_ms_) : ButtonInput::kNothing;
  if (settle(pressed, now_ms)) input = level_ ? ButtonInput::kPress : ButtonInput::kRelease;
  if (input == ButtonInput::kPress) {
    pressed_at_ms_ = raw_since_ms_;
    held_since_ms_ = raw_since_ms_;
  }
  const ButtonStep taken = step(state_, input);
  state_ = taken.to;
  return taken.event;
}

std::uint8_t Button::reset_in_s(std::uint32_t now_ms) const {
  if (state_ != ButtonState::kHeld) return 0;
  const std::uint32_t held_ms = now_ms - held_since_ms_;
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
