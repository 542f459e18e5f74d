// Backoff: grows, is never the same for two clocks, and forgets only what was overcome.
#include <doctest/doctest.h>

#include "skiclock/net/backoff.h"

using skiclock::Backoff;

TEST_CASE("delays double up to a minute, half of each by chance") {
  const std::uint32_t steps[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
  Backoff shortest;
  Backoff longest;
  for (const std::uint32_t step : steps) {
    CHECK(shortest.next_delay_ms(0) == step / 2);
    CHECK(longest.next_delay_ms(step / 2) == step);
  }
}

TEST_CASE("any random number gives a delay between half of the step and all of it") {
  std::uint32_t random = 1;
  for (int i = 0; i < 1000; ++i) {
    random = random * 1664525U + 1013904223U;
    Backoff backoff;
    const std::uint32_t delay = backoff.next_delay_ms(random);
    CHECK(delay >= 500);
    CHECK(delay <= 1000);
    CHECK(backoff.long_delay_ms(random) >= Backoff::kCapMs);
    CHECK(backoff.long_delay_ms(random) <= 2 * Backoff::kCapMs);
  }
}

TEST_CASE("a connection that lasted a minute starts it over, a shorter one does not") {
  Backoff backoff;
  backoff.next_delay_ms(0);
  backoff.next_delay_ms(0);
  backoff.on_up(0xFFFFF000);  // the milliseconds wrap meanwhile
  backoff.while_up(0xFFFFF000 + Backoff::kStableMs - 1);
  CHECK(backoff.next_delay_ms(0) == 2000);
  backoff.on_up(1000);
  backoff.while_up(1000 + Backoff::kStableMs);
  CHECK(backoff.next_delay_ms(0) == 500);
}
