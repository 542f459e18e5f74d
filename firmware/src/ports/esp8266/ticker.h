// Draws the display at its own pace, whatever the main loop waits for.
#pragma once

namespace skiclock {

// Calls `draw` thirty times a second from the SDK's timer, also while the main loop waits in
// `delay` or for a TLS handshake.
void begin_drawing(void (*draw)());

}  // namespace skiclock
