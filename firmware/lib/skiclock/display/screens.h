// What the clock knows that can be seen, and its pictures.
#pragma once

#include <cstdint>

#include "skiclock/display/area.h"
#include "skiclock/display/frame.h"
#include "skiclock/display/screen_plan.h"
#include "skiclock/display/view.h"

namespace skiclock {

// Draws each line of the plan into its area; the rest of the frame becomes dark.
void draw(const View& view, const ScreenPlan& plan, std::uint32_t now_ms, Frame& frame);

}  // namespace skiclock
