// A power supply that fails at a chosen step. Fakes of what survives a restart count their steps
// here; once the power is off they change nothing more, and the test "reboots" with new objects.
#pragma once

#include <cstdint>
#include <limits>

namespace skiclock::fakes {

class Power {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  // The power fails once, just before step `step` of those to come (0: the next one).
  void cut_before(std::uint64_t step) {
    steps_ = 0;
    cut_at_ = step;
    is_on_ = true;
  }
  // Comes back, for good.
  void restore() { cut_before(kNever); }
  // Called by fakes before each thing that a cut may come in between; false: it did.
  bool step() {
    if (!is_on_) return false;
    is_on_ = steps_ != cut_at_;
    if (is_on_) ++steps_;
    return is_on_;
  }
  // A restart that the program asked for: off, and on again with the steps counted on.
  void turn_off() { is_on_ = false; }
  void turn_on() { is_on_ = true; }
  bool is_on() const { return is_on_; }
  bool was_cut() const { return steps_ == cut_at_; }
  std::uint64_t steps() const { return steps_; }

 private:
  std::uint64_t steps_ = 0;
  std::uint64_t cut_at_ = kNever;
  bool is_on_ = true;
};

// What fakes use where a test does not care for power.
inline Power& mains() {
  static Power power;
  return power;
}

}  // namespace skiclock::fakes
