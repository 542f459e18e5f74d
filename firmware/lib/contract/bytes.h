// Bytes and text that somebody else owns: how all parts hand them to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace skiclock {

// Bytes that somebody else owns.
struct Bytes {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

// Text that somebody else owns; not terminated.
struct Text {
  const char* data = "";
  std::size_t size = 0;
};

inline Text text_of(const char* terminated) { return {terminated, std::strlen(terminated)}; }

inline Text text_of(Bytes bytes) {
  return {bytes.size == 0 ? "" : reinterpret_cast<const char*>(bytes.data), bytes.size};
}

inline Bytes bytes_of(Text text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data), text.size};
}

inline bool operator==(Text left, Text right) {
  return left.size == right.size &&
         (left.size == 0 || std::memcmp(left.data, right.data, left.size) == 0);
}

inline bool operator!=(Text left, Text right) { return !(left == right); }

}  // namespace skiclock
