// Every screen on several walls, as pictures that somebody looked at.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "display/art.h"
#include "skiclock/display/screens.h"

using namespace skiclock;

namespace {

View usual_view() {
  View view;
  view.clock = {true, 2026, 11, 24, 2, 12, 34, 56};
  view.temperature = {Reading::kReady, -125};
  return view;
}

struct Scene {
  const char* name;
  Screen first;  // of the screens that take turns
  std::uint32_t now_ms;
  void (*change)(View& view);
};

const Scene kScenes[] = {
    {"time", Screen::kTime, 0, [](View&) {}},
    {"time, colon dark", Screen::kTime, 0, [](View& view) { view.clock.second = 57; }},
    {"time, not set", Screen::kTime, 0, [](View& view) { view.clock.is_set = false; }},
    {"date", Screen::kDate, 0, [](View&) {}},
    {"temperature", Screen::kTemperature, 0, [](View&) {}},
    {"temperature above zero", Screen::kTemperature, 0,
     [](View& view) { view.temperature.tenths_celsius = 34; }},
    {"temperature failed", Screen::kTemperature, 0,
     [](View& view) { view.temperature.state = Reading::kFailed; }},
    {"countdown", Screen::kTime, 0,
     [](View& view) {
       view.stopwatch = {StopwatchState::kCountdown, 3, 0, 0};
     }},
    {"stopwatch", Screen::kTime, 0,
     [](View& view) {
       view.stopwatch = {StopwatchState::kRunning, 0, 83456, 0};
     }},
    {"result", Screen::kTime, 0,
     [](View& view) {
       view.stopwatch = {StopwatchState::kResult, 0, 754321, 699};
     }},
    {"result, dark while it flashes", Screen::kTime, 0,
     [](View& view) {
       view.stopwatch = {StopwatchState::kResult, 0, 754321, 700};
     }},
    {"message", Screen::kTime, 3000,
     [](View& view) { set_message(view, text_of("Tävling 10:00, välkomna!"), 500, 60000); }},
    {"short message", Screen::kTime, 0,
     [](View& view) { set_message(view, text_of("Mål"), 0, 60000); }},
    {"Wi-Fi hint", Screen::kWifiHint, 0,
     [](View& view) { set_wifi_hint(view, text_of("Wi-Fi: SkiClock-Setup")); }},
    {"update", Screen::kTime, 0,
     [](View& view) {
       view.update = {true, 42};
     }},
    {"factory reset", Screen::kTime, 0, [](View& view) { view.reset_in_s = 5; }},
    {"identify", Screen::kTime, 0, [](View& view) { view.identify = true; }},
    {"identify, a moment later", Screen::kTime, 250, [](View& view) { view.identify = true; }},
};

// The plan for a scene: its screen on the main row, what follows by itself on the others.
ScreenPlan plan_of(const Scene& scene, const View& view, const Wall& wall) {
  ScreenSettings settings;
  settings.order[0] = scene.first;
  ScreenPlan plan = plan_screens(view, settings, wall, scene.now_ms);
  if (scene.first != Screen::kWifiHint) return plan;
  for (int row = 0; row < plan.count; ++row) {
    if (plan.lines[row].is_main) plan.lines[row].screen = Screen::kWifiHint;
  }
  return plan;
}

std::string scenes_on(const Wall& wall) {
  std::string art;
  Frame frame;
  frame.width = width_of(wall);
  frame.height = height_of(wall);
  for (const Scene& scene : kScenes) {
    View view = usual_view();
    scene.change(view);
    draw(view, plan_of(scene, view, wall), scene.now_ms, frame);
    art += std::string("= ") + scene.name + "\n" + art_of(frame, wall) + "\n";
  }
  return art;
}

Wall centred(Wall wall) {
  wall.rows[0].indent = 8;
  return wall;
}

std::string drawn(const View& view, const Wall& wall) {
  Frame frame;
  frame.width = width_of(wall);
  frame.height = height_of(wall);
  ScreenSettings settings;
  settings.order[0] = Screen::kTemperature;
  settings.count = 1;
  draw(view, plan_screens(view, settings, wall, 0), 0, frame);
  return art_of(frame);
}

View view_at(int tenths) {
  View view = usual_view();
  view.temperature.tenths_celsius = static_cast<std::int16_t>(tenths);
  return view;
}

// Whatever its colour.
std::string shape(int tenths, const Wall& wall) {
  std::string art = drawn(view_at(tenths), wall);
  for (char& symbol : art) symbol = symbol == 'o' ? '#' : symbol;
  return art;
}

}  // namespace

TEST_CASE("all screens on one panel") { check_golden("wall_1", scenes_on(wall_of(1))); }

TEST_CASE("all screens on two panels in a row") { check_golden("wall_2", scenes_on(wall_of(2))); }

TEST_CASE("all screens on three panels in a row") { check_golden("wall_3", scenes_on(wall_of(3))); }

TEST_CASE("all screens on two rows of four panels") {
  check_golden("wall_4+4", scenes_on(wall_of(4, 4)));
}

TEST_CASE("all screens on rows of unequal length") {
  check_golden("wall_2+3", scenes_on(centred(wall_of(2, 3))));
}

TEST_CASE("all screens on four short rows") {
  check_golden("wall_2+2+2+2", scenes_on(wall_of(2, 2, 2, 2)));
}

TEST_CASE("no screen lights a pixel where no panel hangs") {
  Wall wall = centred(wall_of(2, 3));
  Frame frame;
  frame.width = width_of(wall);
  frame.height = height_of(wall);
  for (const Scene& scene : kScenes) {
    View view = usual_view();
    scene.change(view);
    draw(view, plan_of(scene, view, wall), scene.now_ms, frame);
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        if (led_of(wall, x, y) == kNoLed) CHECK(frame.at(x, y) == Ink::kOff);
      }
    }
  }
}

TEST_CASE("a bar ends where its panels end, whatever it is told") {
  Wall wall = centred(wall_of(2, 3));
  Frame frame;
  frame.width = width_of(wall);
  frame.height = height_of(wall);
  View view = usual_view();
  view.update = {true, 250};
  draw(view, plan_screens(view, ScreenSettings{}, wall, 0), 0, frame);
  CHECK(frame.at(39, 15) == Ink::kAccent);
  CHECK(frame.at(40, 15) == Ink::kOff);
}

TEST_CASE("a colon that may not blink is always lit") {
  View view = usual_view();
  view.clock.second = 57;
  ScreenSettings settings;
  settings.blink_colon = false;
  Frame frame;
  frame.width = 48;
  frame.height = 16;
  draw(view, plan_screens(view, settings, wall_of(3), 0), 0, frame);
  const std::string steady = art_of(frame);
  view.clock.second = 56;
  draw(view, plan_screens(view, ScreenSettings{}, wall_of(3), 0), 0, frame);
  CHECK(art_of(frame) == steady);
}

TEST_CASE(
    "degrees are rounded halves away from zero where tenths do not fit, and zero has no sign") {
  const Wall panel = wall_of(1);
  CHECK(shape(-4, panel) == shape(0, panel));
  CHECK(shape(4, panel) == shape(0, panel));
  CHECK(shape(5, panel) == shape(10, panel));
  CHECK(shape(-5, panel) == shape(-10, panel));
  CHECK(shape(-14, panel) == shape(-10, panel));
  CHECK(shape(-4, panel) != shape(-10, panel));
}

TEST_CASE("degrees below zero have the colour of cold") {
  CHECK(drawn(view_at(-4), wall_of(4)).find('o') != std::string::npos);
  CHECK(drawn(view_at(4), wall_of(4)).find('o') == std::string::npos);
}

TEST_CASE("extreme values stay within the panels") {
  for (const int tenths : {-32768, 32767, -550, 1250}) {
    for (const Wall& wall : {wall_of(1), wall_of(2), wall_of(4)}) {
      CHECK(drawn(view_at(tenths), wall).find('\n') == width_of(wall));
    }
  }
}
