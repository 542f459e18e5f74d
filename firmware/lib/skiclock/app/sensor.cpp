// The temperature: asked now and then, kept between, missed only after several failures.
#include "skiclock/app/sensor.h"

namespace skiclock {

bool Sensor::poll(std::int16_t offset_tenths, std::uint32_t now_ms) {
  if (pause_.is_armed() && !pause_.take(now_ms)) return false;
  std::int16_t tenths = 0;
  const Reading reading = port_.read(&tenths);
  if (reading == Reading::kPending) return false;
  pause_.arm(now_ms, kPauseMs);
  if (reading == Reading::kReady) {
    failures_ = 0;
    view_ = {Reading::kReady, static_cast<std::int16_t>(tenths + offset_tenths)};
    return false;
  }
  if (reading == Reading::kAbsent && view_.state != Reading::kReady) {
    view_.state = Reading::kAbsent;
    return false;
  }
  // One bad reading on a long wire is nothing; a cable that came off is.
  if (failures_ < kFailures) ++failures_;
  const bool is_given_up = failures_ == kFailures && view_.state != Reading::kFailed;
  if (is_given_up) view_.state = Reading::kFailed;
  return is_given_up;
}

}  // namespace skiclock
