// How long to wait before the next attempt to connect.
#include "skiclock/net/backoff.h"

namespace skiclock {

std::uint32_t Backoff::next_delay_ms(std::uint32_t random) {
  const std::uint32_t half = step_ms_ / 2;
  step_ms_ = step_ms_ < kCapMs / 2 ? step_ms_ * 2 : kCapMs;
  return half + random % (half + 1);
}

std::uint32_t Backoff::long_delay_ms(std::uint32_t random) const {
  return kCapMs + random % (kCapMs + 1);
}

void Backoff::on_up(std::uint32_t now_ms) { up_since_ms_ = now_ms; }

void Backoff::while_up(std::uint32_t now_ms) {
  if (now_ms - up_since_ms_ >= kStableMs) step_ms_ = kFirstMs;
}

}  // namespace skiclock
