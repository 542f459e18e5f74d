// Which screen is shown when and on which row of panels.
#include "skiclock/display/screen_plan.h"

#include "skiclock/display/text.h"

namespace skiclock {
namespace {

// Where a screen that comes by itself is put.
enum class Place : std::uint8_t {
  kOther,  // on the first row that is not the main one, so that the time stays; else on the main
  kMain,   // on the main row
  kWall,   // on all rows
};

struct Visitor {
  Screen screen;
  Place place;
  bool (*is_due)(const View& view, std::uint32_t now_ms);
};

// The later one wins.
constexpr Visitor kVisitors[] = {
    {Screen::kMessage, Place::kOther, has_message},
    {Screen::kStopwatch, Place::kMain,
     [](const View& view, std::uint32_t) { return view.stopwatch.state != StopwatchState::kIdle; }},
    {Screen::kUpdate, Place::kWall,
     [](const View& view, std::uint32_t) { return view.update.is_active; }},
    {Screen::kIdentify, Place::kWall,
     [](const View& view, std::uint32_t) { return view.identify; }},
    {Screen::kFactoryReset, Place::kWall,
     [](const View& view, std::uint32_t) { return view.reset_in_s > 0; }},
};

// What takes turns now.
struct Turns {
  Screen screens[kMaxScreens + 1] = {};
  std::uint8_t count = 0;

  void add(Screen screen) { screens[count++] = screen; }
};

bool has_content(Screen screen, const View& view) {
  switch (screen) {
    case Screen::kTime:
      return true;
    case Screen::kDate:
      return view.clock.is_set;
    case Screen::kTemperature:
      return view.temperature.state == Reading::kReady ||
             view.temperature.state == Reading::kFailed;
    default:
      return false;
  }
}

Turns turns_of(const View& view, const ScreenSettings& settings) {
  Turns turns;
  for (std::uint8_t index = 0; index < settings.count && index < kMaxScreens; ++index) {
    if (has_content(settings.order[index], view)) turns.add(settings.order[index]);
  }
  if (turns.count == 0) turns.add(Screen::kTime);
  if (view.wifi_hint.is_active) turns.add(Screen::kWifiHint);
  return turns;
}

Area area_of(const Wall& wall, std::uint8_t row) {
  Area area;
  area.x = wall.rows[row].indent;
  area.y = static_cast<std::int16_t>(row * kPanelSide);
  area.width = static_cast<std::int16_t>(wall.rows[row].panels * kPanelSide);
  area.height = kPanelSide;
  return area;
}

std::uint8_t main_row(const Wall& wall) {
  std::uint8_t widest = 0;
  for (std::uint8_t row = 1; row < rows_of(wall); ++row) {
    if (wall.rows[row].panels > wall.rows[widest].panels) widest = row;
  }
  return widest;
}

// A text that scrolls keeps its turn until it has passed once.
std::uint32_t turn_ms(Screen screen, const View& view, const ScreenSettings& settings,
                      const Area& area) {
  const std::uint32_t usual_ms = (settings.seconds == 0 ? 1U : settings.seconds) * 1000U;
  if (screen != Screen::kWifiHint) return usual_ms;
  const Text hint = text_of(view.wifi_hint.text);
  const std::uint32_t pass_ms = scroll_pass_ms(hint, scrolling_size(area.width), area.width);
  return pass_ms > usual_ms ? pass_ms : usual_ms;
}

// Every `stride`-th screen from `first` on is this line's, one after the other.
void take_turn(ScreenLine& line, const Turns& turns, std::uint8_t first, std::uint8_t stride,
               const View& view, const ScreenSettings& settings, std::uint32_t now_ms) {
  std::uint32_t cycle_ms = 0;
  for (unsigned at = first; at < turns.count; at += stride) {
    cycle_ms += turn_ms(turns.screens[at], view, settings, line.area);
  }
  if (cycle_ms == 0) return;
  std::uint32_t left_ms = now_ms % cycle_ms;
  for (unsigned at = first; at < turns.count; at += stride) {
    const std::uint32_t length_ms = turn_ms(turns.screens[at], view, settings, line.area);
    line.screen = turns.screens[at];
    line.since_ms = now_ms - left_ms;
    if (left_ms < length_ms) return;
    left_ms -= length_ms;
  }
}

// With several rows the first screen has the main row for itself, and the others are dealt out.
void deal(ScreenPlan& plan, const Turns& turns, const View& view, const ScreenSettings& settings,
          std::uint32_t now_ms) {
  const auto others = static_cast<std::uint8_t>(plan.count - 1);
  std::uint8_t next = 1;
  for (std::uint8_t row = 0; row < plan.count; ++row) {
    ScreenLine& line = plan.lines[row];
    if (line.is_main) {
      take_turn(line, turns, 0, others == 0 ? 1 : turns.count, view, settings, now_ms);
    } else {
      take_turn(line, turns, next++, others, view, settings, now_ms);
    }
  }
}

bool is_wanted(const ScreenLine& line, Place place) {
  if (place == Place::kWall || line.is_alone) return true;
  return place == Place::kMain ? line.is_main : line.is_first_other;
}

void receive(ScreenPlan& plan, const Visitor& visitor, std::uint32_t since_ms) {
  for (std::uint8_t row = 0; row < plan.count; ++row) {
    ScreenLine& line = plan.lines[row];
    if (!is_wanted(line, visitor.place)) continue;
    line.screen = visitor.screen;
    line.since_ms = since_ms;
  }
}

}  // namespace

ScreenPlan plan_screens(const View& view, const ScreenSettings& settings, const Wall& wall,
                        std::uint32_t now_ms) {
  ScreenPlan plan;
  plan.count = rows_of(wall);
  plan.blink_colon = settings.blink_colon;
  for (std::uint8_t row = 0; row < plan.count; ++row) {
    plan.lines[row].area = area_of(wall, row);
    plan.lines[row].is_main = row == main_row(wall);
    plan.lines[row].is_first_other = row == (main_row(wall) == 0 ? 1 : 0);
    plan.lines[row].is_alone = plan.count == 1;
  }
  deal(plan, turns_of(view, settings), view, settings, now_ms);
  for (const Visitor& visitor : kVisitors) {
    if (visitor.is_due(view, now_ms)) receive(plan, visitor, view.message.since_ms);
  }
  return plan;
}

}  // namespace skiclock
