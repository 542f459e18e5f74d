// The clock's time: from the battery-backed clock at once, from servers as soon as they answer.
#pragma once

#include <cstdint>

#include "skiclock/ports.h"
#include "skiclock/time/rtc.h"
#include "skiclock/time/sntp.h"
#include "skiclock/time/timezone.h"
#include "skiclock/time/wall_time.h"

namespace skiclock {

class TimeKeeper {
 public:
  TimeKeeper(RtcPort& rtc, UdpPort& udp, SystemPort& system)
      : sntp_(udp, system, wall_), rtc_(rtc, wall_) {}

  void begin(std::uint32_t now_ms) { rtc_.begin(now_ms); }
  // The texts must stay where they are.
  void use(const char* zone, const char* first, const char* second, const char* third) {
    zone_.set_by_name_or_posix(zone);
    sntp_.use(first, second, third);
  }
  // True when a server has just set the time.
  bool poll(bool is_network_up, std::uint32_t now_ms) {
    wall_.poll(now_ms);
    const SntpNews news = sntp_.poll(is_network_up, now_ms);
    rtc_.poll(now_ms);
    return news == SntpNews::kSynchronised;
  }

  const WallTime& wall() const { return wall_; }
  const Sntp& sntp() const { return sntp_; }
  bool has_rtc() const { return rtc_.is_fitted(); }
  // By how much the last answer of a server differed from what was kept; as far as it fits.
  std::int32_t last_offset_ms() const {
    const std::int64_t offset_ms = wall_.last_offset_ms();
    if (offset_ms > INT32_MAX) return INT32_MAX;
    return offset_ms < INT32_MIN ? INT32_MIN : static_cast<std::int32_t>(offset_ms);
  }
  // 0 where nobody has told the time.
  std::int64_t unix_s(std::uint32_t now_ms) const {
    return wall_.is_set() ? wall_.unix_s(now_ms) : 0;
  }
  std::int32_t offset_s(std::int64_t unix_s) const { return zone_.offset_s(unix_s); }

 private:
  WallTime wall_;
  Sntp sntp_;
  RtcKeeper rtc_;
  TimeZone zone_;
};

}  // namespace skiclock
