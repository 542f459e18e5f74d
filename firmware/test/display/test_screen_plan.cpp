// Which screen is shown when and on which row.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "skiclock/display/screen_plan.h"
#include "skiclock/display/text.h"

using namespace skiclock;

namespace {

using Screens = std::vector<Screen>;

View usual_view() {
  View view;
  view.clock.is_set = true;
  view.temperature.state = Reading::kReady;
  return view;
}

Screens planned(const View& view, const Wall& wall, std::uint32_t now_ms,
                const ScreenSettings& settings = {}) {
  const ScreenPlan plan = plan_screens(view, settings, wall, now_ms);
  Screens screens;
  for (int row = 0; row < plan.count; ++row) screens.push_back(plan.lines[row].screen);
  return screens;
}

ScreenSettings only(std::initializer_list<Screen> screens) {
  ScreenSettings settings;
  settings.count = 0;
  for (const Screen screen : screens) settings.order[settings.count++] = screen;
  return settings;
}

}  // namespace

TEST_CASE("on one row the configured screens take turns") {
  const View view = usual_view();
  CHECK(planned(view, wall_of(3), 0) == Screens{Screen::kTime});
  CHECK(planned(view, wall_of(3), 4999) == Screens{Screen::kTime});
  CHECK(planned(view, wall_of(3), 5000) == Screens{Screen::kDate});
  CHECK(planned(view, wall_of(3), 10000) == Screens{Screen::kTemperature});
  CHECK(planned(view, wall_of(3), 15000) == Screens{Screen::kTime});
}

TEST_CASE("on two rows the first screen stays and the others take turns") {
  const View view = usual_view();
  CHECK(planned(view, wall_of(4, 4), 0) == Screens{Screen::kTime, Screen::kDate});
  CHECK(planned(view, wall_of(4, 4), 5000) == Screens{Screen::kTime, Screen::kTemperature});
  CHECK(planned(view, wall_of(4, 4), 10000) == Screens{Screen::kTime, Screen::kDate});
}

TEST_CASE("the widest row is the main one, the upper one of equals") {
  const View view = usual_view();
  CHECK(planned(view, wall_of(2, 3), 0) == Screens{Screen::kDate, Screen::kTime});
  CHECK(planned(view, wall_of(2, 2), 0) == Screens{Screen::kTime, Screen::kDate});
  CHECK(planned(view, wall_of(1, 2, 2), 0) ==
        Screens{Screen::kDate, Screen::kTime, Screen::kTemperature});
}

TEST_CASE("rows for which no screen is left are dark") {
  CHECK(planned(usual_view(), wall_of(2, 2, 2, 2), 0) ==
        Screens{Screen::kTime, Screen::kDate, Screen::kTemperature, Screen::kNothing});
  CHECK(planned(usual_view(), wall_of(2, 2), 0, only({Screen::kDate})) ==
        Screens{Screen::kDate, Screen::kNothing});
}

TEST_CASE("a screen without content loses its turn") {
  View view = usual_view();
  view.temperature.state = Reading::kAbsent;
  CHECK(planned(view, wall_of(3), 10000) == Screens{Screen::kTime});
  view.temperature.state = Reading::kPending;
  CHECK(planned(view, wall_of(3), 10000) == Screens{Screen::kTime});
  view.temperature.state = Reading::kFailed;
  CHECK(planned(view, wall_of(3), 10000) == Screens{Screen::kTemperature});
  view.clock.is_set = false;
  CHECK(planned(view, wall_of(3), 5000) == Screens{Screen::kTemperature});
}

TEST_CASE("where nothing can be shown the time is, set or not") {
  CHECK(planned(View{}, wall_of(3), 0, only({Screen::kDate})) == Screens{Screen::kTime});
  CHECK(planned(View{}, wall_of(3), 0, only({})) == Screens{Screen::kTime});
}

TEST_CASE("settings that are out of range are survived") {
  ScreenSettings settings;
  settings.count = 200;
  settings.seconds = 0;
  for (Screen& screen : settings.order) screen = Screen::kFactoryReset;
  CHECK(planned(usual_view(), wall_of(3), 0, settings) == Screens{Screen::kTime});
  settings.order[0] = Screen::kDate;
  CHECK(planned(usual_view(), wall_of(3), 0, settings) == Screens{Screen::kDate});
}

TEST_CASE("each visitor has its place, and the more urgent one wins") {
  struct Row {
    const char* what;
    void (*come)(View& view);
    Screens one_row;
    Screens two_rows;
  };
  // From the least to the most urgent; each comes on top of the ones before.
  const Row rows[] = {
      {"message",
       [](View& view) { set_message(view, text_of("x"), 0, 60000); },
       {Screen::kMessage},
       {Screen::kTime, Screen::kMessage}},
      {"stopwatch",
       [](View& view) { view.stopwatch.state = StopwatchState::kCountdown; },
       {Screen::kStopwatch},
       {Screen::kStopwatch, Screen::kMessage}},
      {"update",
       [](View& view) { view.update.is_active = true; },
       {Screen::kUpdate},
       {Screen::kUpdate, Screen::kUpdate}},
      {"identify",
       [](View& view) { view.identify = true; },
       {Screen::kIdentify},
       {Screen::kIdentify, Screen::kIdentify}},
      {"reset",
       [](View& view) { view.reset_in_s = 7; },
       {Screen::kFactoryReset},
       {Screen::kFactoryReset, Screen::kFactoryReset}},
  };
  View view = usual_view();
  for (const Row& row : rows) {
    CAPTURE(row.what);
    row.come(view);
    CHECK(planned(view, wall_of(3), 0) == row.one_row);
    CHECK(planned(view, wall_of(3, 3), 0) == row.two_rows);
  }
}

TEST_CASE("a message takes one of several rows, and the others go on") {
  View view = usual_view();
  set_message(view, text_of("x"), 0, 1000);
  CHECK(planned(view, wall_of(2, 2, 2), 0) ==
        Screens{Screen::kTime, Screen::kMessage, Screen::kTemperature});
  CHECK(planned(view, wall_of(2, 3), 0) == Screens{Screen::kMessage, Screen::kTime});
  CHECK(planned(view, wall_of(2, 2, 2), 1000) ==
        Screens{Screen::kTime, Screen::kDate, Screen::kTemperature});
}

TEST_CASE("the Wi-Fi hint takes turns and keeps its turn until it has passed once") {
  View view = usual_view();
  set_wifi_hint(view, text_of("Wi-Fi: SkiClock-Setup"));
  const Text hint = text_of(view.wifi_hint.text);
  const std::uint32_t pass_ms = scroll_pass_ms(hint, TextSize::kLarge, 48);
  REQUIRE(pass_ms > 5000);
  CHECK(planned(view, wall_of(3), 14999) == Screens{Screen::kTemperature});
  CHECK(planned(view, wall_of(3), 15000) == Screens{Screen::kWifiHint});
  CHECK(planned(view, wall_of(3), 15000 + pass_ms - 1) == Screens{Screen::kWifiHint});
  CHECK(planned(view, wall_of(3), 15000 + pass_ms) == Screens{Screen::kTime});
  const ScreenPlan plan = plan_screens(view, {}, wall_of(3), 17000);
  CHECK(plan.lines[0].since_ms == 15000);
}

TEST_CASE("a short hint has the usual turn") {
  View view = usual_view();
  set_wifi_hint(view, text_of("AP"));
  CHECK(planned(view, wall_of(3), 15000) == Screens{Screen::kWifiHint});
  CHECK(planned(view, wall_of(3), 20000) == Screens{Screen::kTime});
}

TEST_CASE("lines lie where the panels hang") {
  Wall wall = wall_of(2, 3);
  wall.rows[0].indent = 8;
  const ScreenPlan plan = plan_screens(usual_view(), {}, wall, 0);
  REQUIRE(plan.count == 2);
  CHECK(plan.lines[0].area.x == 8);
  CHECK(plan.lines[0].area.width == 32);
  CHECK(plan.lines[1].area.y == 16);
  CHECK(plan.lines[1].area.width == 48);
  CHECK_FALSE(plan.lines[0].is_main);
  CHECK(plan.lines[1].is_main);
  CHECK(plan.lines[0].is_first_other);
  CHECK_FALSE(plan.lines[1].is_first_other);
  CHECK_FALSE(plan.lines[1].is_alone);
  CHECK(plan_screens(usual_view(), {}, wall_of(1), 0).lines[0].is_alone);
}

TEST_CASE("a message that scrolls knows when it came") {
  View view = usual_view();
  set_message(view, text_of("x"), 1234, 60000);
  CHECK(plan_screens(view, {}, wall_of(3), 2000).lines[0].since_ms == 1234);
}
