// A short text that is put together from words and numbers, without a heap.
#include "skiclock/display/phrase.h"

namespace skiclock {

Phrase& Phrase::add(const char* terminated) {
  while (*terminated != '\0') add_symbol(*terminated++);
  return *this;
}

Phrase& Phrase::add_number(std::uint32_t number, int digits) {
  if (number >= 10 || digits > 1) add_number(number / 10, digits - 1);
  add_symbol(static_cast<char>('0' + number % 10));
  return *this;
}

void Phrase::add_symbol(char symbol) {
  if (size_ < sizeof text_) text_[size_++] = symbol;
}

}  // namespace skiclock
