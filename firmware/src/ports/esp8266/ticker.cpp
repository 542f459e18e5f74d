// Draws the display at its own pace, whatever the main loop waits for.
#include "ticker.h"

#include <Ticker.h>

namespace skiclock {
namespace {

constexpr std::uint32_t kFrameMs = 33;
Ticker ticker;

}  // namespace

void begin_drawing(void (*draw)()) { ticker.attach_ms(kFrameMs, draw); }

}  // namespace skiclock
