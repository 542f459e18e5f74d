// The side that people meet: panels, button, stopwatch. Runs in a task or ticker of its own, so
// that it goes on while the rest waits for a network.
#pragma once

#include <atomic>
#include <cstdint>

#include "skiclock/app/handover.h"
#include "skiclock/display/display.h"
#include "skiclock/input/button.h"
#include "skiclock/input/stopwatch.h"
#include "skiclock/ports.h"

namespace skiclock {

// What the main loop tells the face.
struct FaceState {
  // The time at an instant of the chip's, and what to add for local time.
  bool has_time = false;
  std::int64_t unix_ms = 0;
  std::uint32_t at_ms = 0;
  std::int32_t offset_s = 0;
  View view;  // clock, stopwatch and reset countdown are the face's own
  LightSettings light;
  ScreenSettings screens;
};

class Face {
 public:
  Face(const Wall& wall, PanelPort& panels, ButtonPort& button);

  // From the face's own task, 20 to 50 times a second.
  void render(std::uint32_t now_ms);

  // From the main loop: what is to be shown from now on. `change` takes a FaceState&.
  template <typename Change>
  void change(const Change& change) {
    handover_.change(change);
  }
  // How often the button was pressed shortly, and held to the end, since the start.
  std::uint32_t presses() const { return presses_.load(std::memory_order_relaxed); }
  std::uint32_t resets() const { return resets_.load(std::memory_order_relaxed); }
  // The picture that is shown. Whoever reads it asks for `turn` before and after: where it differs
  // or is odd, a new one was drawn meanwhile.
  std::uint32_t turn() const { return turn_.load(std::memory_order_acquire); }
  const Frame& frame() const { return display_.frame(); }
  const Palette& palette() const { return display_.palette(); }

 private:
  void poll_button(std::uint32_t now_ms);

  Display display_;
  ButtonPort& button_port_;
  Button button_;
  Stopwatch stopwatch_;
  Handover<FaceState> handover_;
  std::atomic<std::uint32_t> presses_{0};
  std::atomic<std::uint32_t> resets_{0};
  std::atomic<std::uint32_t> turn_{0};
};

}  // namespace skiclock
