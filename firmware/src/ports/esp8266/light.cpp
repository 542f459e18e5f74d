// The status LED: a hardware timer's interrupt blinks it, whatever the main loop does.
#include "light.h"

#include <Arduino.h>

#include "board.h"
#include "skiclock/light/status_led.h"

namespace skiclock {
namespace {

// Timer 1 behind its divider by 256 counts 312.5 a millisecond.
constexpr std::uint32_t kTimerTicks = kLedTickMs * 3125 / 10;

volatile std::uint32_t pattern = led_pattern(Light::kOffline);
volatile std::uint32_t tick = 0;

void IRAM_ATTR on_tick() {
  const bool is_lit = led_level(pattern, tick);
  tick = tick + 1;
  if (is_lit != kBoard.is_led_lit_by_low) {
    GPOS = 1U << kBoard.led;
  } else {
    GPOC = 1U << kBoard.led;
  }
}

}  // namespace

void begin_light() {
  pinMode(kBoard.led, OUTPUT);
  timer1_isr_init();
  timer1_attachInterrupt(on_tick);
  timer1_enable(TIM_DIV256, TIM_EDGE, TIM_LOOP);
  timer1_write(kTimerTicks);
}

void set_light(std::uint32_t new_pattern) { pattern = new_pattern; }

}  // namespace skiclock
