// The stopwatch behind the button: countdown, running, result.
#include "skiclock/input/stopwatch.h"

#include <algorithm>

namespace skiclock {
namespace {

struct Transition {
  StopwatchState from;
  StopwatchInput input;
  StopwatchState to;
};

constexpr Transition kTransitions[] = {
    {StopwatchState::kIdle, StopwatchInput::kPress, StopwatchState::kCountdown},
    {StopwatchState::kCountdown, StopwatchInput::kPress, StopwatchState::kIdle},
    {StopwatchState::kCountdown, StopwatchInput::kOver, StopwatchState::kRunning},
    {StopwatchState::kRunning, StopwatchInput::kPress, StopwatchState::kResult},
    {StopwatchState::kRunning, StopwatchInput::kOver, StopwatchState::kResult},
    {StopwatchState::kResult, StopwatchInput::kPress, StopwatchState::kIdle},
    {StopwatchState::kResult, StopwatchInput::kOver, StopwatchState::kIdle},
};

// Across the wrap of 32 bits.
bool is_before(std::uint32_t early_ms, std::uint32_t late_ms) {
  return static_cast<std::int32_t>(early_ms - late_ms) < 0;
}

// How long a state may last; 0: for ever.
std::uint32_t length_ms(StopwatchState state) {
  switch (state) {
    case StopwatchState::kIdle:
      return 0;
    case StopwatchState::kCountdown:
      return kCountdownMs;
    case StopwatchState::kRunning:
      return kLongestRunMs;
    case StopwatchState::kResult:
      return kResultMs;
  }
  return 0;
}

}  // namespace

StopwatchState step(StopwatchState from, StopwatchInput input) {
  for (const Transition& row : kTransitions) {
    if (row.from == from && row.input == input) return row.to;
  }
  return from;
}

void Stopwatch::press(std::uint32_t at_ms) {
  poll(at_ms);
  // The loop may have seen the countdown end before it heard of a press shortly before that end.
  if (state_ != StopwatchState::kIdle && is_before(at_ms, since_ms_)) at_ms = since_ms_;
  if (state_ == StopwatchState::kRunning) elapsed_ms_ = at_ms - since_ms_;
  state_ = step(state_, StopwatchInput::kPress);
  since_ms_ = at_ms;
}

void Stopwatch::poll(std::uint32_t now_ms) {
  while (!is_before(now_ms, since_ms_)) {
    const std::uint32_t limit_ms = length_ms(state_);
    if (limit_ms == 0 || now_ms - since_ms_ < limit_ms) return;
    if (state_ == StopwatchState::kRunning) elapsed_ms_ = kLongestRunMs;
    state_ = step(state_, StopwatchInput::kOver);
    since_ms_ += limit_ms;
  }
}

StopwatchView Stopwatch::view(std::uint32_t now_ms) const {
  StopwatchView view;
  view.state = state_;
  const std::uint32_t lasted_ms = now_ms - since_ms_;
  if (state_ == StopwatchState::kCountdown) {
    const std::uint32_t left_ms = kCountdownMs - std::min(lasted_ms, kCountdownMs - 1);
    view.count = static_cast<std::uint8_t>((left_ms + 999) / 1000);
  }
  if (state_ == StopwatchState::kRunning) view.elapsed_ms = std::min(lasted_ms, kLongestRunMs);
  if (state_ == StopwatchState::kResult) {
    view.elapsed_ms = elapsed_ms_;
    view.result_ms = lasted_ms;
  }
  return view;
}

}  // namespace skiclock
