// The display of a clock: from what is known to what the LEDs show.
#pragma once

#include <cstdint>

#include "skiclock/display/brightness.h"
#include "skiclock/display/current_limit.h"
#include "skiclock/display/frame.h"
#include "skiclock/display/panels.h"
#include "skiclock/display/screen_plan.h"
#include "skiclock/display/view.h"
#include "skiclock/ports.h"

namespace skiclock {

// Not for two tasks at once: on the ESP32 family the display's task owns it, and settings and view
// are handed over as copies. The wall must outlive it.
//
// The order of what is applied to a frame: screens are drawn in inks; the inks get their colours;
// the colours the brightness of now (command, else schedule); and that is dimmed to the current
// limit at last, so that nothing can lift it again.
class Display {
 public:
  Display(const Wall& wall, PanelPort& panels);

  void set(const LightSettings& settings) { light_ = settings; }
  void set(const ScreenSettings& settings) { screens_ = settings; }

  // Draws and shows one frame; 30 times a second is plenty.
  void render(const View& view, std::uint32_t now_ms);

  // What was shown last.
  const Frame& frame() const { return frame_; }
  const Palette& palette() const { return palette_; }
  const ScreenPlan& plan() const { return plan_; }

 private:
  const Wall& wall_;
  PanelPort& panels_;
  LightSettings light_;
  ScreenSettings screens_;
  Frame frame_;
  Palette palette_;
  ScreenPlan plan_;
  SteadyScale steady_;
};

}  // namespace skiclock
