// The stopwatch behind the button: countdown, running, result.
#pragma once

#include <cstdint>

namespace skiclock {

enum class StopwatchState : std::uint8_t {
  kIdle,       // not in use
  kCountdown,  // 3, 2, 1
  kRunning,    // counts up
  kResult,     // stands still and flashes
};

enum class StopwatchInput : std::uint8_t {
  kPress,  // the button
  kOver,   // the state has lasted as long as it may
};

// The table: where an input leads.
StopwatchState step(StopwatchState from, StopwatchInput input);

struct StopwatchView {
  StopwatchState state = StopwatchState::kIdle;
  std::uint8_t count = 0;        // 3, 2, 1 in the countdown
  std::uint32_t elapsed_ms = 0;  // running and result
  std::uint32_t result_ms = 0;   // how long the result has stood, for its flashing
};

inline constexpr std::uint32_t kCountdownMs = 3000;
inline constexpr std::uint32_t kResultMs = 15000;
// 99:59.9: what the panel can show; then it stops by itself.
inline constexpr std::uint32_t kLongestRunMs = 100UL * 60 * 1000 - 1;

class Stopwatch {
 public:
  // A short press that happened at a time that is not later than now.
  void press(std::uint32_t at_ms);
  // Call every loop.
  void poll(std::uint32_t now_ms);

  StopwatchState state() const { return state_; }
  StopwatchView view(std::uint32_t now_ms) const;

 private:
  StopwatchState state_ = StopwatchState::kIdle;
  std::uint32_t since_ms_ = 0;
  std::uint32_t elapsed_ms_ = 0;
};

}  // namespace skiclock
