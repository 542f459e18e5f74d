// Short texts in fixed buffers: copying, putting together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "skiclock/ports.h"

namespace skiclock {

// Copies and terminates; false, and an empty text, where it does not fit or holds a zero byte,
// which would cut it.
template <std::size_t kCapacity>
bool copy_text(Text from, char (&to)[kCapacity]) {
  const bool fits =
      from.size < kCapacity && (from.size == 0 || std::memchr(from.data, 0, from.size) == nullptr);
  if (fits) std::memcpy(to, from.data, from.size);
  to[fits ? from.size : 0] = '\0';
  return fits;
}

// Puts a sentence together in a buffer that it always terminates; what does not fit is cut.
class TextBuilder {
 public:
  TextBuilder(char* buffer, std::size_t capacity) : buffer_(buffer), capacity_(capacity) {
    buffer_[0] = '\0';
  }
  TextBuilder& add(Text text);
  TextBuilder& add(const char* terminated) { return add(text_of(terminated)); }
  TextBuilder& add_number(std::uint32_t number);
  Text text() const { return {buffer_, size_}; }
  // False once something was cut.
  bool is_whole() const { return is_whole_; }

 private:
  char* buffer_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  bool is_whole_ = true;
};

}  // namespace skiclock
