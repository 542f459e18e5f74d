// Draws the display at its own pace, whatever the main loop waits for.
#pragma once

namespace skiclock {

// Calls `draw` thirty times a second from a task of its own, away from Wi-Fi's core.
void begin_drawing(void (*draw)());

}  // namespace skiclock
