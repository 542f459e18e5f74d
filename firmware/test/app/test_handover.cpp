// Plain data between two tasks, and timers over the wrap.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "skiclock/app/handover.h"
#include "skiclock/app/timer.h"

namespace {

struct Pair {
  std::uint32_t numbers[64] = {};
};

}  // namespace

TEST_CASE("a reader in another task never sees half of the news") {
  skiclock::Handover<Pair> handover;
  std::atomic<bool> is_over{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    Pair seen;
    while (!is_over) {
      if (!handover.get(seen)) continue;
      for (const std::uint32_t number : seen.numbers) {
        if (number != seen.numbers[0]) ++torn;
      }
    }
  });
  for (std::uint32_t turn = 1; turn <= 20000; ++turn) {
    handover.change([turn](Pair& news) {
      for (std::uint32_t& number : news.numbers) number = turn;
    });
  }
  is_over = true;
  reader.join();
  CHECK(torn == 0);
  Pair last;
  REQUIRE(handover.get(last));
  CHECK(last.numbers[63] == 20000);
}

TEST_CASE("a timer is due once, also over the wrap of the milliseconds") {
  skiclock::Timer timer;
  CHECK_FALSE(timer.take(5));
  timer.arm(0xFFFFFFF0, 0x20);
  CHECK_FALSE(timer.is_due(0xFFFFFFFF));
  CHECK_FALSE(timer.is_due(0x0F));
  CHECK(timer.is_due(0x10));
  CHECK(timer.take(0x11));
  CHECK_FALSE(timer.take(0x12));
  timer.arm(0, 5);
  timer.disarm();
  CHECK_FALSE(timer.is_due(100));
}

TEST_CASE("jitter stays within a tenth") {
  for (std::uint32_t random = 0; random < 100000; random += 777) {
    const std::uint32_t delay_ms = skiclock::jittered(60000, random);
    CHECK(delay_ms >= 54000);
    CHECK(delay_ms <= 66000);
  }
  CHECK(skiclock::jittered(0, 7) == 0);
}
