// Tables that stay in flash on chips whose constants would otherwise take RAM.
#pragma once

#include <cstdint>

// The ESP8266's build defines it as a section attribute; flash there is read in whole words only.
#ifndef SKICLOCK_FLASH
#define SKICLOCK_FLASH
#endif

namespace skiclock {

// Reads a word of such a table; volatile, or the compiler would narrow it to the byte it needs.
inline std::uint32_t flash_word(const std::uint32_t& word) {
  return *static_cast<const volatile std::uint32_t*>(&word);
}

}  // namespace skiclock
