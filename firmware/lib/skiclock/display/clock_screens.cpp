// The screens that take turns: time, date, temperature.
#include "skiclock/display/layout.h"
#include "skiclock/display/phrase.h"
#include "skiclock/display/screen_drawings.h"

namespace skiclock {
namespace {

// As wide as the colon, so that nothing moves when it is dark.
constexpr char kDarkColon[] = "\u2008";
constexpr int kTenths = 10;

void draw_pair(Frame& frame, const Area& area, Text pair, Text above, Text below, Ink ink) {
  const Option options[] = {{pair, TextSize::kLarge},
                            {pair, TextSize::kLargeTight},
                            {pair, TextSize::kCondensed},
                            {pair, TextSize::kSmall}};
  if (draw_first_fitting(frame, area, options, ink)) return;
  draw_stacked(frame, area, above, below, ink);
}

// Minus below zero, plus above, none at zero.
const char* sign_of(int number) {
  if (number == 0) return "";
  return number < 0 ? "-" : "+";
}

std::uint32_t size_of(int number) {
  return static_cast<std::uint32_t>(number < 0 ? -number : number);
}

// Halves away from zero, as people round.
int whole_degrees(int tenths) {
  const int half = tenths < 0 ? -kTenths / 2 : kTenths / 2;
  return (tenths + half) / kTenths;
}

void draw_degrees(Frame& frame, const Area& area, int tenths) {
  const int degrees = whole_degrees(tenths);
  Phrase exact;
  exact.add(sign_of(tenths)).add_number(size_of(tenths) / kTenths).add(",");
  exact.add_number(size_of(tenths) % kTenths).add("°");
  Phrase exact_with_unit = exact;
  exact_with_unit.add("C");
  Phrase bare;
  bare.add(sign_of(degrees)).add_number(size_of(degrees));
  Phrase rounded = bare;
  rounded.add("°");
  const Option options[] = {
      {exact_with_unit.text(), TextSize::kLarge}, {exact.text(), TextSize::kLarge},
      {exact.text(), TextSize::kLargeTight},      {exact.text(), TextSize::kCondensed},
      {rounded.text(), TextSize::kLarge},         {rounded.text(), TextSize::kCondensed},
      {exact.text(), TextSize::kSmall},           {rounded.text(), TextSize::kSmall},
  };
  const Ink ink = tenths < 0 ? Ink::kAccent : Ink::kMain;
  if (draw_first_fitting(frame, area, options, ink)) return;
  draw_stacked(frame, area, bare.text(), text_of("°C"), ink);
}

}  // namespace

void draw_time(Frame& frame, const Area& area, const ClockView& clock, bool has_colon) {
  Phrase hours;
  Phrase minutes;
  if (clock.is_set) {
    hours.add_number(clock.hour, 2);
    minutes.add_number(clock.minute, 2);
  } else {
    hours.add("--");
    minutes.add("--");
  }
  Phrase pair = hours;
  pair.add(has_colon ? ":" : kDarkColon);
  if (clock.is_set) {
    pair.add_number(clock.minute, 2);
  } else {
    pair.add("--");
  }
  draw_pair(frame, area, pair.text(), hours.text(), minutes.text(), Ink::kMain);
}

void draw_date(Frame& frame, const Area& area, const ClockView& clock) {
  Phrase day;
  day.add_number(clock.day);
  Phrase month;
  month.add_number(clock.month);
  Phrase slashed = day;
  slashed.add("/").add_number(clock.month);
  Phrase dotted = day;
  dotted.add(".").add_number(clock.month);
  const Option options[] = {{slashed.text(), TextSize::kLarge},
                            {dotted.text(), TextSize::kLargeTight},
                            {dotted.text(), TextSize::kCondensed},
                            {slashed.text(), TextSize::kSmall}};
  if (draw_first_fitting(frame, area, options, Ink::kAccent)) return;
  draw_stacked(frame, area, day.text(), month.text(), Ink::kAccent);
}

void draw_temperature(Frame& frame, const Area& area, const TemperatureView& temperature) {
  if (temperature.state == Reading::kReady) {
    draw_degrees(frame, area, temperature.tenths_celsius);
    return;
  }
  draw_largest(frame, area, text_of("--°"), Ink::kWarning);
}

}  // namespace skiclock
