// How long to wait before the next attempt to connect.
#pragma once

#include <cstdint>

namespace skiclock {

// Doubles from attempt to attempt up to a cap, half of it by chance, so that a hall of clocks
// does not come back at once. Starts over only after a connection was good for a while: a broker
// that accepts and then drops is not asked every second.
class Backoff {
 public:
  static constexpr std::uint32_t kFirstMs = 1000;
  static constexpr std::uint32_t kCapMs = 60000;
  static constexpr std::uint32_t kStableMs = 60000;

  // The delay before the next attempt: between half of the step and all of it.
  std::uint32_t next_delay_ms(std::uint32_t random);
  // The delay where asking again is no use for now (wrong password): between the cap and twice it.
  std::uint32_t long_delay_ms(std::uint32_t random) const;

  // To be called when a connection is up, and while it is.
  void on_up(std::uint32_t now_ms);
  void while_up(std::uint32_t now_ms);

 private:
  std::uint32_t step_ms_ = kFirstMs;
  std::uint32_t up_since_ms_ = 0;
};

}  // namespace skiclock
