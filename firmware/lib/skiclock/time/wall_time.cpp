// What time it is, kept from the chip's milliseconds between the moments at which somebody tells.
#include "skiclock/time/wall_time.h"

namespace skiclock {
namespace {

// Up to this much is worked off at a sixteenth of real time (half a minute at most), so that the
// seconds on the wall neither jump nor stop; more is jumped over.
constexpr std::int64_t kMaxSlewUs = 2'000'000;
constexpr std::int64_t kSlewDivisor = 16;

constexpr std::int32_t kAnchorAgeMs = 1 << 24;  // 4.6 hours

// The baseline is long, because an answer is wrong by tens of milliseconds over Wi-Fi, and not
// longer than a day, because the crystal drifts with the weather.
constexpr std::int64_t kFirstBaselineMs = 50LL * 60 * 1000;
constexpr std::int64_t kBaselineMs = 6LL * 3600 * 1000;
constexpr std::int64_t kMaxBaselineMs = 24LL * 3600 * 1000;
constexpr std::int64_t kMaxDriftPpm = 500;  // more is a jump of the server, not a crystal
constexpr std::int64_t kMaxNoisePpm = 50;

// What the error grows by: the tolerance of the crystals in the cold, and what is left of it once
// the drift is known.
constexpr std::int64_t kUnknownDriftPpm = 40;
constexpr std::int64_t kResidualDriftPpm = 15;

std::int64_t magnitude(std::int64_t value) { return value < 0 ? -value : value; }

}  // namespace

bool is_plausible(std::int64_t unix_s) { return unix_s >= kEarliestUnixS && unix_s < kLatestUnixS; }

const char* word_for(TimeSource source) {
  if (source == TimeSource::kNtp) return "ntp";
  return source == TimeSource::kRtc ? "rtc" : "none";
}

void WallTime::poll(std::uint32_t now_ms) {
  if (!is_started_) {
    is_started_ = true;
    anchor_ms_ = now_ms;
  }
  if (since_anchor_ms(now_ms) > kAnchorAgeMs) move_anchor(now_ms);
}

Adjustment WallTime::set(TimeSource source, std::int64_t unix_ms, std::uint32_t now_ms,
                         std::int32_t uncertainty_ms) {
  if (source == TimeSource::kNone || source < source_) return Adjustment::kIgnored;
  if (!is_plausible(unix_ms / 1000)) return Adjustment::kIgnored;
  poll(now_ms);
  move_anchor(now_ms);
  const std::int64_t offset_us = unix_ms * 1000 - anchor_us_;
  const bool is_first = !is_set();
  const bool is_small = !is_first && magnitude(offset_us) <= kMaxSlewUs;
  last_offset_ms_ = is_first ? 0 : (offset_us - slew_us_) / 1000;
  slew_us_ = is_small ? offset_us : 0;
  if (!is_small) anchor_us_ = unix_ms * 1000;
  source_ = source;
  if (source == TimeSource::kNtp) note_sync({unix_ms, uptime_ms_, uncertainty_ms});
  if (is_first) return Adjustment::kFirst;
  return is_small ? Adjustment::kSlewed : Adjustment::kStepped;
}

std::int64_t WallTime::unix_ms(std::uint32_t now_ms) const { return unix_us(now_ms) / 1000; }

std::int64_t WallTime::unix_s(std::uint32_t now_ms) const { return unix_us(now_ms) / 1'000'000; }

bool WallTime::is_slewing(std::uint32_t now_ms) const {
  return slewed_us(since_anchor_ms(now_ms) * 1000LL) != slew_us_;
}

std::uint32_t WallTime::uptime_s(std::uint32_t now_ms) const {
  return is_started_ ? static_cast<std::uint32_t>((uptime_ms_ + since_anchor_ms(now_ms)) / 1000)
                     : 0;
}

std::int64_t WallTime::sync_age_s(std::uint32_t now_ms) const {
  if (!has_sync_) return -1;
  return (uptime_ms_ + since_anchor_ms(now_ms) - sync_.uptime_ms) / 1000;
}

std::int32_t WallTime::error_ms(std::uint32_t now_ms) const {
  if (!has_sync_ || sync_.uncertainty_ms < 0) return -1;
  const std::int64_t age_ms = uptime_ms_ + since_anchor_ms(now_ms) - sync_.uptime_ms;
  const std::int64_t grown_ms =
      age_ms * (has_drift_ ? kResidualDriftPpm : kUnknownDriftPpm) / 1'000'000;
  const std::int64_t elapsed_us = since_anchor_ms(now_ms) * 1000LL;
  const std::int64_t slewing_ms = magnitude(slew_us_ - slewed_us(elapsed_us)) / 1000;
  const std::int64_t error = sync_.uncertainty_ms + grown_ms + slewing_ms;
  return error > INT32_MAX ? INT32_MAX : static_cast<std::int32_t>(error);
}

std::int32_t WallTime::since_anchor_ms(std::uint32_t now_ms) const {
  return static_cast<std::int32_t>(now_ms - anchor_ms_);
}

std::int64_t WallTime::slewed_us(std::int64_t elapsed_us) const {
  const std::int64_t possible = elapsed_us > 0 ? elapsed_us / kSlewDivisor : 0;
  if (magnitude(slew_us_) <= possible) return slew_us_;
  return slew_us_ < 0 ? -possible : possible;
}

std::int64_t WallTime::unix_us(std::uint32_t now_ms) const {
  const std::int64_t elapsed_ms = since_anchor_ms(now_ms);
  const std::int64_t elapsed_us = elapsed_ms * 1000 + elapsed_ms * drift_ppm_ / 1000;
  return anchor_us_ + elapsed_us + slewed_us(elapsed_us);
}

void WallTime::move_anchor(std::uint32_t now_ms) {
  const std::int64_t elapsed_ms = since_anchor_ms(now_ms);
  const std::int64_t elapsed_us = elapsed_ms * 1000 + elapsed_ms * drift_ppm_ / 1000;
  const std::int64_t slewed = slewed_us(elapsed_us);
  anchor_us_ += elapsed_us + slewed;
  slew_us_ -= slewed;
  uptime_ms_ += elapsed_ms;
  anchor_ms_ = now_ms;
}

void WallTime::note_sync(const Sync& sync) {
  if (has_sync_) measure_drift(sync);
  if (!has_sync_ || sync.uptime_ms - baseline_.uptime_ms > kMaxBaselineMs) baseline_ = sync;
  sync_ = sync;
  has_sync_ = true;
}

void WallTime::measure_drift(const Sync& sync) {
  const std::int64_t own_ms = sync.uptime_ms - baseline_.uptime_ms;
  const std::int64_t slow_ms = sync.unix_ms - baseline_.unix_ms - own_ms;
  const std::int64_t noise_ms = sync.uncertainty_ms + baseline_.uncertainty_ms;
  if (magnitude(slow_ms) - noise_ms > 1000 + own_ms * kMaxDriftPpm / 1'000'000) {
    baseline_ = sync;
    return;
  }
  if (own_ms < (has_drift_ ? kBaselineMs : kFirstBaselineMs)) return;
  if (noise_ms * 1'000'000 > own_ms * kMaxNoisePpm) return;
  const std::int64_t ppm = slow_ms * 1'000'000 / own_ms;
  if (magnitude(ppm) > kMaxDriftPpm) return;
  drift_ppm_ = static_cast<std::int32_t>(ppm);
  has_drift_ = true;
}

}  // namespace skiclock
