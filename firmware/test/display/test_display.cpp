// The display: from a view to what the LEDs are sent.
#include <doctest/doctest.h>

#include "display/art.h"
#include "skiclock/display/display.h"

using namespace skiclock;

namespace {

// Remembers what it was shown last.
class Panels : public PanelPort {
 public:
  void show(const Frame& shown_frame, const Palette& shown_palette) override {
    frame = shown_frame;
    palette = shown_palette;
    ++count;
  }

  Frame frame;
  Palette palette;
  int count = 0;
};

View usual_view() {
  View view;
  view.clock = {true, 2026, 11, 24, 2, 12, 34, 56};
  return view;
}

LightSettings lit(std::uint8_t brightness, std::uint32_t limit_ma) {
  LightSettings light;
  light.brightness = brightness;
  light.current_limit_ma = limit_ma;
  return light;
}

const Wall kThree = wall_of(3);
const Wall kEight = wall_of(4, 4);

}  // namespace

TEST_CASE("a rendered frame is what the panels are shown") {
  Panels panels;
  Display display(kThree, panels);
  display.set(lit(255, 60000));
  display.render(usual_view(), 0);
  CHECK(panels.count == 1);
  CHECK(panels.frame.width == 48);
  CHECK(panels.frame.height == 16);
  CHECK(art_of(panels.frame) == art_of(display.frame()));
  CHECK(art_of(panels.frame).find('#') != std::string::npos);
  CHECK(panels.palette.colour[1].red == LightSettings{}.main.red);
}

TEST_CASE("the clock's own brightness comes before the limit of the supply") {
  Panels panels;
  Display display(kThree, panels);
  display.set(lit(10, 60000));
  display.render(usual_view(), 0);
  CHECK(panels.palette.colour[1].red == 10);
  display.set(lit(10, 1200));
  display.render(usual_view(), 10);
  CHECK(panels.palette.colour[1].red == 10);
  display.set(lit(255, 1200));
  display.render(usual_view(), 20);
  CHECK(panels.palette.colour[1].red > 0);
  CHECK(panels.palette.colour[1].red < 40);
}

TEST_CASE("at night the night's brightness is shown") {
  Panels panels;
  Display display(kThree, panels);
  LightSettings light = lit(255, 60000);
  light.night_brightness = 20;
  light.night_from = 0;
  light.night_to = 1439;
  display.set(light);
  display.render(usual_view(), 0);
  CHECK(panels.palette.colour[1].red == 20);
}

TEST_CASE("every screen at full brightness stays within a small supply") {
  for (int scene = 0; scene < 5; ++scene) {
    Panels panels;
    Display display(kEight, panels);
    display.set(lit(255, 2500));
    View view = usual_view();
    view.identify = scene == 1;
    view.update = {scene == 2, 100};
    view.reset_in_s = scene == 3 ? 7 : 0;
    if (scene == 4) set_message(view, text_of("MMMMMMMMMMM"), 0, 60000);
    for (std::uint32_t now_ms = 0; now_ms < 20000; now_ms += 333) {
      display.render(view, now_ms);
      CHECK(current_ma(panels.frame, panels.palette, led_count(kEight)) <= 2500);
    }
    CHECK(panels.palette.colour[1].red > 0);
  }
}

TEST_CASE("screens that are set are the ones that are shown") {
  Panels panels;
  Display display(kThree, panels);
  ScreenSettings screens;
  screens.order[0] = Screen::kDate;
  screens.count = 1;
  display.set(screens);
  display.render(usual_view(), 0);
  CHECK(display.plan().lines[0].screen == Screen::kDate);
  CHECK(display.palette().colour[2].blue == panels.palette.colour[2].blue);
}
