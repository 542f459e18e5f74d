// Draws the display at its own pace, whatever the main loop waits for.
#include "ticker.h"

#include <Arduino.h>

#include <cstdint>

namespace skiclock {
namespace {

constexpr TickType_t kFrameTicks = pdMS_TO_TICKS(33);
constexpr std::uint32_t kStackBytes = 4096;
// Above the main loop (1), far below Wi-Fi and lwIP (18 and more).
constexpr UBaseType_t kPriority = 3;
// Wi-Fi runs on core 0; the C3 has no other.
constexpr BaseType_t kCore = portNUM_PROCESSORS - 1;

void run(void* draw) {
  TickType_t woken_at = xTaskGetTickCount();
  for (;;) {
    reinterpret_cast<void (*)()>(draw)();
    vTaskDelayUntil(&woken_at, kFrameTicks);
  }
}

}  // namespace

void begin_drawing(void (*draw)()) {
  xTaskCreatePinnedToCore(run, "display", kStackBytes, reinterpret_cast<void*>(draw), kPriority,
                          nullptr, kCore);
}

}  // namespace skiclock
