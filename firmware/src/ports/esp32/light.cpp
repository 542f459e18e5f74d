// The status LED: a hardware timer's interrupt blinks it, whatever the main loop does.
#include "light.h"

#include <Arduino.h>
#include <hal/gpio_ll.h>

#include "board.h"
#include "skiclock/light/status_led.h"

namespace skiclock {
namespace {

volatile std::uint32_t pattern = led_pattern(Light::kOffline);
volatile std::uint32_t tick = 0;

void IRAM_ATTR on_tick() {
  const bool is_lit = led_level(pattern, tick);
  tick = tick + 1;
  gpio_ll_set_level(&GPIO, static_cast<gpio_num_t>(kBoard.led),
                    is_lit != kBoard.is_led_lit_by_low ? 1 : 0);
}

}  // namespace

void begin_light() {
  pinMode(kBoard.led, OUTPUT);
  hw_timer_t* timer = timerBegin(0, 80, true);  // of 80 MHz: microseconds
  timerAttachInterrupt(timer, on_tick, false);
  timerAlarmWrite(timer, kLedTickMs * 1000, true);
  timerAlarmEnable(timer);
}

void set_light(std::uint32_t new_pattern) { pattern = new_pattern; }

}  // namespace skiclock
