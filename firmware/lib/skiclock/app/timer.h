// When something is due, on milliseconds that wrap.
#pragma once

#include <cstdint>

namespace skiclock {

class Timer {
 public:
  // `delay_ms` is less than 24 days.
  void arm(std::uint32_t now_ms, std::uint32_t delay_ms) {
    due_ms_ = now_ms + delay_ms;
    is_armed_ = true;
  }
  void disarm() { is_armed_ = false; }
  bool is_armed() const { return is_armed_; }
  bool is_due(std::uint32_t now_ms) const {
    return is_armed_ && static_cast<std::int32_t>(now_ms - due_ms_) >= 0;
  }
  // True once it is due, and then not until it is armed again.
  bool take(std::uint32_t now_ms) {
    const bool is_now = is_due(now_ms);
    if (is_now) is_armed_ = false;
    return is_now;
  }

 private:
  std::uint32_t due_ms_ = 0;
  bool is_armed_ = false;
};

// `base_ms` and up to a tenth of it more or less.
inline std::uint32_t jittered(std::uint32_t base_ms, std::uint32_t random) {
  const std::uint32_t span = base_ms / 5;
  return base_ms - span / 2 + (span > 0 ? random % span : 0);
}

}  // namespace skiclock
