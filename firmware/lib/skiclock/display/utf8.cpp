// Reads text that came from outside, one character at a time.
#include "skiclock/display/utf8.h"

namespace skiclock {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// How many bytes follow a first byte, and the smallest code that needs so many; -1: none begins so.
int following_bytes(unsigned first, char32_t* smallest) {
  if (first < 0x80) {
    *smallest = 0;
    return 0;
  }
  if (first >= 0xC2 && first < 0xE0) {
    *smallest = 0x80;
    return 1;
  }
  if (first >= 0xE0 && first < 0xF0) {
    *smallest = 0x800;
    return 2;
  }
  if (first >= 0xF0 && first < 0xF5) {
    *smallest = 0x10000;
    return 3;
  }
  return -1;
}

unsigned byte_at(Text text, std::size_t offset) {
  return static_cast<unsigned char>(text.data[offset]);
}

bool is_continuation(unsigned byte) { return (byte & 0xC0U) == 0x80; }

bool is_character(char32_t code, char32_t smallest) {
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  return code >= smallest && code <= 0x10FFFF && !is_surrogate;
}

}  // namespace

char32_t next_character(Text text, std::size_t* offset) {
  const unsigned first = byte_at(text, *offset);
  ++*offset;
  char32_t smallest = 0;
  const int following = following_bytes(first, &smallest);
  if (following <= 0) return following == 0 ? static_cast<char32_t>(first) : kReplacement;
  if (text.size - *offset < static_cast<std::size_t>(following)) return kReplacement;
  char32_t code = first & (0x3FU >> following);
  for (int index = 0; index < following; ++index) {
    const unsigned byte = byte_at(text, *offset + static_cast<std::size_t>(index));
    if (!is_continuation(byte)) return kReplacement;
    code = code << 6 | (byte & 0x3FU);
  }
  if (!is_character(code, smallest)) return kReplacement;
  *offset += static_cast<std::size_t>(following);
  return code;
}

std::size_t whole_characters(Text text, std::size_t capacity) {
  if (text.size <= capacity) return text.size;
  std::size_t size = capacity;
  while (size > 0 && is_continuation(byte_at(text, size))) --size;
  return size;
}

}  // namespace skiclock
