// The status LED: a hardware timer's interrupt blinks it, whatever the main loop does.
#pragma once

#include "skiclock/light/status_led.h"

namespace skiclock {

// There is one, since there is one interrupt.
void begin_light();
void set_light(Light light);

}  // namespace skiclock
