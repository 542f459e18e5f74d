// Reads text that came from outside, one character at a time.
#pragma once

#include <cstddef>

#include "skiclock/ports.h"

namespace skiclock {

// Returns the character at `*offset` (less than the size) and moves past it. Total: what is not
// UTF-8 (overlong, surrogate, cut off) yields U+FFFD for each byte that fits nowhere.
char32_t next_character(Text text, std::size_t* offset);

// The largest size of at most `capacity` bytes that does not cut a character in two.
std::size_t whole_characters(Text text, std::size_t capacity);

}  // namespace skiclock
