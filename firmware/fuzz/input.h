// What a fuzzer hands over, taken off the front piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "contract/bytes.h"

namespace skiclock::fuzz {

// Like assert, but never compiled out.
inline void require(bool is_so) {
  if (!is_so) std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool is_empty() const { return size_ == 0; }
  // 0 behind the end.
  std::uint8_t byte() {
    const Bytes piece = bytes(1);
    return piece.size > 0 ? piece.data[0] : 0;
  }
  // Fewer where there are no more.
  Bytes bytes(std::size_t count) {
    const Bytes piece = {data_, count < size_ ? count : size_};
    data_ += piece.size;
    size_ -= piece.size;
    return piece;
  }
  Bytes rest() { return bytes(size_); }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace skiclock::fuzz
