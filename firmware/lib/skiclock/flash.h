// Tables that stay in flash on chips whose constants would otherwise take RAM.
#pragma once

#include <cstdint>

// The one word in lib/ about a chip: the ESP8266's linker copies constants to RAM unless they stand
// in a section like this, and its flash is read in whole words only.
#ifdef ESP8266
#define SKICLOCK_FLASH __attribute__((section(".irom.text.skiclock")))
#else
#define SKICLOCK_FLASH
#endif

namespace skiclock {

// Reads a word of such a table; volatile, or the compiler would narrow it to the byte it needs.
inline std::uint32_t flash_word(const std::uint32_t& word) {
  return *static_cast<const volatile std::uint32_t*>(&word);
}

}  // namespace skiclock
