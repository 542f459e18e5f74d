// The drawing of each screen, for screens.cpp alone.
#pragma once

#include <cstdint>

#include "skiclock/display/area.h"
#include "skiclock/display/frame.h"
#include "skiclock/display/screen_plan.h"
#include "skiclock/display/view.h"

namespace skiclock {

void draw_time(Frame& frame, const Area& area, const ClockView& clock, bool has_colon);
void draw_date(Frame& frame, const Area& area, const ClockView& clock);
void draw_temperature(Frame& frame, const Area& area, const TemperatureView& temperature);
void draw_stopwatch(Frame& frame, const Area& area, const StopwatchView& stopwatch);
void draw_update(Frame& frame, const ScreenLine& line, const UpdateView& update);
void draw_factory_reset(Frame& frame, const ScreenLine& line, std::uint8_t seconds);
void draw_identify(Frame& frame, const Area& area, std::uint32_t now_ms);

}  // namespace skiclock
