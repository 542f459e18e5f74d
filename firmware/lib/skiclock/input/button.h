// The push button: from a bouncing contact to what its owner meant.
#pragma once

#include <cstdint>

namespace skiclock {

enum class ButtonEvent : std::uint8_t {
  kNone,
  kShortPress,          // pressed and released; `pressed_at_ms` says when it was pressed
  kLongPressBegan,      // held for 3 s: the countdown to the factory reset is on the panel
  kLongPressCancelled,  // released before the end
  kFactoryReset,        // held for 10 s
};

enum class ButtonState : std::uint8_t {
  kStuck,  // pressed since power-on (a short circuit, a jumper): nothing counts until released
  kUp,     // not pressed
  kDown,   // pressed, may become short or long
  kHeld,   // held for so long that the countdown runs
  kSpent,  // the factory reset was fired; waits for the release
};

enum class ButtonInput : std::uint8_t {
  kNothing,
  kPress,
  kRelease,
  kLong,  // held for kLongPressMs
  kFull,  // held for kFactoryResetMs
};

struct ButtonStep {
  ButtonState to;
  ButtonEvent event;
};

// The table: where an input leads; an input that means nothing in a state changes nothing.
ButtonStep step(ButtonState from, ButtonInput input);

inline constexpr std::uint32_t kDebounceMs = 30;
inline constexpr std::uint32_t kBlindMs = 500;
inline constexpr std::uint32_t kLongPressMs = 3000;
inline constexpr std::uint32_t kFactoryResetMs = 10000;

class Button {
 public:
  // Call every loop with the raw contact. A long press counts only while it is watched: after a
  // loop that took longer than `kBlindMs` it begins anew.
  ButtonEvent poll(bool pressed, std::uint32_t now_ms);

  // When the contact closed first, before it was debounced: what a stopwatch must count from.
  std::uint32_t pressed_at_ms() const { return pressed_at_ms_; }
  // Seconds to the factory reset for the panel, rounded up; 0 unless the countdown runs.
  std::uint8_t reset_in_s(std::uint32_t now_ms) const;
  ButtonState state() const { return state_; }

 private:
  bool settle(bool pressed, std::uint32_t now_ms);

  ButtonState state_ = ButtonState::kStuck;
  bool raw_ = true;
  bool level_ = true;
  bool is_started_ = false;
  std::uint32_t raw_since_ms_ = 0;
  std::uint32_t pressed_at_ms_ = 0;
  std::uint32_t held_since_ms_ = 0;
  std::uint32_t polled_at_ms_ = 0;
};

}  // namespace skiclock
