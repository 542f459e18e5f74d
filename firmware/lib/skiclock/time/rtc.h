// When the battery-backed clock is believed, and when it is set.
#pragma once

#include <cstdint>

#include "skiclock/ports.h"
#include "skiclock/time/wall_time.h"

namespace skiclock {

// The RTC tells the time at boot, at once; from then on it is only told: hourly, and only what an
// NTP server said. What a clock without NTP believes may be the RTC's own mistake.
class RtcKeeper {
 public:
  RtcKeeper(RtcPort& rtc, WallTime& wall);  // both outlive this object

  // Once, at boot. True: the wall time is set from it.
  bool begin(std::uint32_t now_ms);
  // Each loop.
  void poll(std::uint32_t now_ms);

  bool is_fitted() const { return is_fitted_; }
  std::uint32_t writes() const { return writes_; }

 private:
  RtcPort& rtc_;
  WallTime& wall_;
  bool is_fitted_ = false;
  bool is_due_ = true;
  std::uint32_t due_ms_ = 0;
  std::uint32_t writes_ = 0;
};

}  // namespace skiclock
