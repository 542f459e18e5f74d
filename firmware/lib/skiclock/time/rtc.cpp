// When the battery-backed clock is believed, and when it is set.
#include "skiclock/time/rtc.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kIntervalMs = 3600 * 1000;
constexpr std::uint32_t kRetryMs = 60 * 1000;

// Writing its seconds restarts the RTC's second, so it is written as one begins. A loop that is
// too slow to hit that hits it later.
constexpr std::int64_t kWindowMs = 50;

}  // namespace

RtcKeeper::RtcKeeper(RtcPort& rtc, WallTime& wall) : rtc_(rtc), wall_(wall) {}

bool RtcKeeper::begin(std::uint32_t now_ms) {
  std::int64_t unix_s = 0;
  is_fitted_ = rtc_.read(&unix_s);
  if (!is_fitted_ || !is_plausible(unix_s)) return false;
  // It tells whole seconds: half of one is the likeliest rest.
  return wall_.set(TimeSource::kRtc, unix_s * 1000 + 500, now_ms, -1) != Adjustment::kIgnored;
}

void RtcKeeper::poll(std::uint32_t now_ms) {
  is_due_ = is_due_ || static_cast<std::int32_t>(now_ms - due_ms_) >= 0;
  if (!is_due_ || wall_.source() != TimeSource::kNtp || wall_.is_slewing(now_ms)) return;
  const std::int64_t unix_ms = wall_.unix_ms(now_ms);
  if (unix_ms % 1000 >= kWindowMs) return;
  const bool is_written = rtc_.write(unix_ms / 1000);
  is_fitted_ = is_fitted_ || is_written;
  if (is_written) ++writes_;
  is_due_ = false;
  due_ms_ = now_ms + (is_written ? kIntervalMs : kRetryMs);
}

}  // namespace skiclock
