// What time it is, kept from the chip's milliseconds between the moments at which somebody tells.
#pragma once

#include <cstdint>

namespace skiclock {

// Nobody could have built this firmware before the first, nor will it run after the second: a
// source that says otherwise is wrong (a DS3231 that lost its battery says 2000).
inline constexpr std::int64_t kEarliestUnixS = 1767225600;  // 1 January 2026
inline constexpr std::int64_t kLatestUnixS = 4102444800;    // 1 January 2100
bool is_plausible(std::int64_t unix_s);

// Who told the time, from the least to the most trusted.
enum class TimeSource : std::uint8_t {
  kNone,  // nobody yet; nothing is shown
  kRtc,   // the battery-backed clock, whole seconds, drifting since it was last set
  kNtp,   // a server
};
const char* word_for(TimeSource source);  // "none", "rtc", "ntp"

// What `set` did.
enum class Adjustment : std::uint8_t {
  kIgnored,  // implausible, or a less trusted source than the present one
  kFirst,    // there was no time before
  kSlewed,   // a small error, worked off without a jump
  kStepped,  // a large one, jumped over
};

// All arguments `now_ms` are the chip's wrapping milliseconds, of any instant within 24 days of
// the last `poll`.
class WallTime {
 public:
  // Each loop; without it the 32 bits of milliseconds would wrap unnoticed after 24 days.
  void poll(std::uint32_t now_ms);

  // `unix_ms` is the time at `now_ms`, wrong by at most `uncertainty_ms` (negative: unknown).
  Adjustment set(TimeSource source, std::int64_t unix_ms, std::uint32_t now_ms,
                 std::int32_t uncertainty_ms);

  bool is_set() const { return source_ != TimeSource::kNone; }
  TimeSource source() const { return source_; }
  // Never goes back while a small error is worked off. Meaningless unless `is_set`.
  std::int64_t unix_ms(std::uint32_t now_ms) const;
  std::int64_t unix_s(std::uint32_t now_ms) const;

  // Whether a small error is being worked off.
  bool is_slewing(std::uint32_t now_ms) const;

  // Seconds since the first `poll`; never wraps.
  std::uint32_t uptime_s(std::uint32_t now_ms) const;

  // How fast the chip's own clock runs slow (positive) or fast, measured between two answers of
  // NTP and made up for since; 0 until measured.
  std::int32_t drift_ppm() const { return drift_ppm_; }
  bool has_drift() const { return has_drift_; }
  // Seconds since the last NTP answer; -1 where there was none.
  std::int64_t sync_age_s(std::uint32_t now_ms) const;
  // By how much the last NTP answer differed from what was kept before, in ms.
  std::int64_t last_offset_ms() const { return last_offset_ms_; }
  // An estimate of the present error; -1 where unknown (no time, or one from the RTC).
  std::int32_t error_ms(std::uint32_t now_ms) const;

 private:
  // A moment at which NTP told the time.
  struct Sync {
    std::int64_t unix_ms = 0;
    std::int64_t uptime_ms = 0;
    std::int32_t uncertainty_ms = -1;
  };

  std::int32_t since_anchor_ms(std::uint32_t now_ms) const;
  std::int64_t slewed_us(std::int64_t elapsed_us) const;
  std::int64_t unix_us(std::uint32_t now_ms) const;
  void move_anchor(std::uint32_t now_ms);
  void note_sync(const Sync& sync);
  void measure_drift(const Sync& sync);

  TimeSource source_ = TimeSource::kNone;
  bool is_started_ = false;
  bool has_sync_ = false;
  bool has_drift_ = false;
  std::uint32_t anchor_ms_ = 0;  // the instant at which `anchor_us_` was the time
  std::int64_t anchor_us_ = 0;   // Unix microseconds
  std::int64_t slew_us_ = 0;     // to be worked off from the anchor on
  std::int64_t uptime_ms_ = 0;   // at the anchor, never wraps
  std::int32_t drift_ppm_ = 0;
  std::int64_t last_offset_ms_ = 0;
  Sync baseline_;  // from which drift is measured
  Sync sync_;      // the last one
};

}  // namespace skiclock
