// Hands plain data from one task to another without a lock.
#pragma once

#include <atomic>
#include <cstdint>

namespace skiclock {

// One writer, any number of readers (a sequence lock). The writer never waits; a reader that was
// overtaken keeps what it had, and finds the news at its next turn. Only loads and stores of one
// word, because the ESP8266 has no other atomic instruction.
template <typename Data>
class Handover {
 public:
  void put(const Data& data) {
    const std::uint32_t turn = turn_.load(std::memory_order_relaxed);
    turn_.store(turn + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    data_ = data;
    std::atomic_thread_fence(std::memory_order_release);
    turn_.store(turn + 2, std::memory_order_release);
  }

  // Leaves `data` as it was where nothing whole is to be had at this moment.
  void get(Data& data) const {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const std::uint32_t before = turn_.load(std::memory_order_acquire);
      if (before % 2 != 0) continue;
      const Data copy = data_;
      std::atomic_thread_fence(std::memory_order_acquire);
      if (turn_.load(std::memory_order_relaxed) != before) continue;
      data = copy;
      return;
    }
  }

 private:
  static constexpr int kAttempts = 3;

  std::atomic<std::uint32_t> turn_{0};  // odd while something is being put
  Data data_;
};

}  // namespace skiclock
