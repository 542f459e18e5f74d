// Hands plain data from one task to another without a lock.
#pragma once

#include <atomic>
#include <cstdint>

namespace skiclock {

// One writer, any number of readers (a sequence lock). The writer never waits; a reader that was
// overtaken three times in a row goes without. Only loads and stores of one word, because the
// ESP8266 has no other atomic instruction.
template <typename Data>
class Handover {
 public:
  // The writer's: changes the data in place, with a function that takes a reference to it.
  template <typename Change>
  void change(const Change& change) {
    const std::uint32_t turn = turn_.load(std::memory_order_relaxed);
    turn_.store(turn + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    change(data_);
    turn_.store(turn + 2, std::memory_order_release);
  }

  // A reader's: false, and `data` is of no use, where nothing whole was to be had.
  bool get(Data& data) const {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const std::uint32_t before = turn_.load(std::memory_order_acquire);
      if (before % 2 != 0) continue;
      data = data_;
      std::atomic_thread_fence(std::memory_order_acquire);
      if (turn_.load(std::memory_order_relaxed) == before) return true;
    }
    return false;
  }

 private:
  static constexpr int kAttempts = 3;

  std::atomic<std::uint32_t> turn_{0};  // odd while something is being put
  Data data_;
};

}  // namespace skiclock
