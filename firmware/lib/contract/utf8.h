// UTF-8, read from bytes that may be anything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/bytes.h"

namespace skiclock {

inline constexpr std::uint32_t kReplacementCharacter = 0xFFFD;

// Reads the code point at `*at` (which must be < text.size) and moves `*at` behind it. Bytes that
// are no UTF-8 (overlong forms and surrogates included) give U+FFFD once per broken sequence.
std::uint32_t next_code_point(Text text, std::size_t* at);

// Writes a code point; returns its 1 to 4 bytes. What is none (a surrogate) becomes U+FFFD.
std::size_t write_code_point(std::uint32_t code_point, char out[4]);

// Returns the longest beginning of at most `max_bytes` that cuts no code point in two.
Text cut_to(Text text, std::size_t max_bytes);

}  // namespace skiclock
