// The screens that come by themselves: stopwatch, update, factory reset, identify.
#include <initializer_list>

#include "skiclock/display/layout.h"
#include "skiclock/display/phrase.h"
#include "skiclock/display/screen_drawings.h"
#include "skiclock/input/button.h"

namespace skiclock {
namespace {

constexpr int kTenthGap = 2;
constexpr int kSmallHeight = 7;
constexpr int kLargeHeight = 14;
constexpr std::uint32_t kFlashMs = 1000;
constexpr std::uint32_t kFlashDarkMs = 300;
constexpr int kCell = 4;
constexpr int kThickBar = 5;
constexpr std::uint32_t kResetCountdownS = (kFactoryResetMs - kLongPressMs) / 1000;
constexpr std::uint32_t kIdentifyMs = 250;

// As on a scoreboard: minutes and seconds large, the tenth small on the same base line.
bool draw_with_small_tenth(Frame& frame, const Area& area, Text minutes, Text tenth, TextSize size,
                           Ink ink) {
  const int large_width = text_width(minutes, size) + kTenthGap;
  const int width = large_width + text_width(tenth, TextSize::kSmall);
  if (width > area.width) return false;
  const int x = area.x + (area.width - width) / 2;
  const int y = area.y + (area.height - kLargeHeight) / 2;
  draw_text(frame, area, x, y, minutes, size, ink);
  draw_text(frame, area, x + large_width, y + kLargeHeight - kSmallHeight, tenth, TextSize::kSmall,
            ink);
  return true;
}

void draw_elapsed(Frame& frame, const Area& area, std::uint32_t elapsed_ms, Ink ink) {
  const std::uint32_t seconds = elapsed_ms / 1000;
  Phrase minutes;
  minutes.add_number(seconds / 60);
  Phrase rest;
  rest.add_number(seconds % 60, 2);
  Phrase pair = minutes;
  pair.add(":").add_number(seconds % 60, 2);
  Phrase tenth;
  tenth.add_number(elapsed_ms / 100 % 10);
  for (const TextSize size : {TextSize::kLarge, TextSize::kLargeTight, TextSize::kCondensed}) {
    if (draw_with_small_tenth(frame, area, pair.text(), tenth.text(), size, ink)) return;
  }
  Phrase exact = pair;
  exact.add(",").add_number(elapsed_ms / 100 % 10);
  const Option options[] = {{pair.text(), TextSize::kCondensed},
                            {exact.text(), TextSize::kSmall},
                            {pair.text(), TextSize::kSmall}};
  if (draw_first_fitting(frame, area, options, ink)) return;
  draw_stacked(frame, area, minutes.text(), rest.text(), ink);
}

Phrase number(std::uint32_t value) {
  Phrase phrase;
  phrase.add_number(value);
  return phrase;
}

// Something that goes on: how far, and what it is.
struct Progress {
  const char* label;
  std::uint32_t done;
  std::uint32_t whole;
  Ink ink;
};

// What is left of a row above a thin bar and a dark line.
Area above_thin_bar(const Area& area) {
  Area upper = area;
  upper.height = static_cast<std::int16_t>(area.height - 2);
  return upper;
}

// Beside the main row: what it is, and a bar that is seen from far. Once is enough.
void draw_thick_bar(Frame& frame, const ScreenLine& line, const Progress& progress) {
  if (!line.is_first_other) return;
  Area upper = line.area;
  upper.height = static_cast<std::int16_t>(line.area.height / 2 + 1);
  draw_centred(frame, upper, text_of(progress.label), TextSize::kSmall, progress.ink);
  draw_bar(frame, line.area, kThickBar, progress.done, progress.whole, progress.ink);
}

}  // namespace

void draw_stopwatch(Frame& frame, const Area& area, const StopwatchView& stopwatch) {
  switch (stopwatch.state) {
    case StopwatchState::kIdle:
      return;
    case StopwatchState::kCountdown:
      return draw_largest(frame, area, number(stopwatch.count).text(), Ink::kWarning);
    case StopwatchState::kRunning:
      return draw_elapsed(frame, area, stopwatch.elapsed_ms, Ink::kMain);
    case StopwatchState::kResult:
      if (stopwatch.result_ms % kFlashMs >= kFlashMs - kFlashDarkMs) return;
      return draw_elapsed(frame, area, stopwatch.elapsed_ms, Ink::kAccent);
  }
}

void draw_update(Frame& frame, const ScreenLine& line, const UpdateView& update) {
  const Progress progress{"Update", update.percent, 100, Ink::kAccent};
  if (!line.is_main) return draw_thick_bar(frame, line, progress);
  const Phrase bare = number(update.percent);
  Phrase percent = bare;
  percent.add("%");
  const Option options[] = {{percent.text(), TextSize::kLarge},
                            {bare.text(), TextSize::kLarge},
                            {bare.text(), TextSize::kSmall}};
  const Area area = line.is_alone ? above_thin_bar(line.area) : line.area;
  draw_first_fitting(frame, area, options, progress.ink);
  if (line.is_alone) draw_bar(frame, line.area, 1, progress.done, progress.whole, progress.ink);
}

void draw_factory_reset(Frame& frame, const ScreenLine& line, std::uint8_t seconds) {
  const Progress progress{"Reset", seconds, kResetCountdownS, Ink::kWarning};
  if (!line.is_main) return draw_thick_bar(frame, line, progress);
  const Phrase left = number(seconds);
  if (!line.is_alone) return draw_largest(frame, line.area, left.text(), progress.ink);
  draw_labelled(frame, above_thin_bar(line.area), text_of(progress.label), left.text(),
                progress.ink);
  draw_bar(frame, line.area, 1, progress.done, progress.whole, progress.ink);
}

void draw_identify(Frame& frame, const Area& area, std::uint32_t now_ms) {
  const int phase = static_cast<int>(now_ms / kIdentifyMs % 2);
  for (int y = 0; y < area.height; ++y) {
    for (int x = 0; x < area.width; ++x) {
      if ((x / kCell + y / kCell + phase) % 2 == 0) {
        frame.set(area.x + x, area.y + y, Ink::kWarning);
      }
    }
  }
}

}  // namespace skiclock
