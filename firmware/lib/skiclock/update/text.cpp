// Short texts in fixed buffers.
#include "skiclock/update/text.h"

#include <algorithm>

namespace skiclock {

TextBuilder& TextBuilder::add(Text text) {
  const std::size_t size = std::min(text.size, capacity_ - 1 - size_);
  if (size > 0) std::memcpy(buffer_ + size_, text.data, size);
  size_ += size;
  buffer_[size_] = '\0';
  is_whole_ = is_whole_ && size == text.size;
  return *this;
}

TextBuilder& TextBuilder::add_number(std::uint32_t number) {
  char digits[10];
  std::size_t first = sizeof digits;
  do {
    digits[--first] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  return add(Text{digits + first, sizeof digits - first});
}

}  // namespace skiclock
