// A short text that is put together from words and numbers, without a heap.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

// What does not fit is left out.
class Phrase {
 public:
  Phrase& add(const char* terminated);
  // With leading zeros up to `digits`.
  Phrase& add_number(std::uint32_t number, int digits = 1);

  Text text() const { return Text{text_, size_}; }

 private:
  void add_symbol(char symbol);

  char text_[24] = {};
  std::size_t size_ = 0;
};

}  // namespace skiclock
