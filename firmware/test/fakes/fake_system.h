// The chip itself: counts restarts, has as much memory as a test says.
#pragma once

#include "skiclock/ports.h"

namespace skiclock::fakes {

class FakeSystem : public SystemPort {
 public:
  void restart() override { ++restarts; }
  const char* reset_reason() override { return reason; }
  std::uint32_t free_heap_bytes() override { return free_heap; }
  std::uint32_t min_free_heap_bytes() override { return min_free_heap; }
  // Numerical Recipes' generator: the same numbers in each run.
  std::uint32_t random() override { return seed = seed * 1664525U + 1013904223U; }

  std::uint32_t restarts = 0;
  const char* reason = "power_on";
  std::uint32_t free_heap = 100000;
  std::uint32_t min_free_heap = 90000;
  std::uint32_t seed = 1;
};

}  // namespace skiclock::fakes
