// The status LED: a hardware timer's interrupt blinks it, whatever the main loop does.
#pragma once

#include <cstdint>

namespace skiclock {

// There is one, since there is one interrupt.
void begin_light();
// A pattern of light/status_led.h; it goes on until there is another.
void set_light(std::uint32_t pattern);

}  // namespace skiclock
