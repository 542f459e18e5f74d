// Whether the chip could boot a stored image; the signature only says who made it.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

enum class ImageKind : std::uint8_t {
  kAny,            // a Linux program
  kEspImage,       // magic 0xE9
  kEspImageOrGzip  // the ESP8266's boot loader unpacks gzip
};

// Reads beginning and end of what is stored. Returns null where nothing is wrong, words for a
// result otherwise. `unpack_area_end`: see `can_unpack`.
const char* problem_with_image(SlotPort& slot, std::uint32_t size_bytes, ImageKind kind,
                               std::uint32_t unpack_area_end);

}  // namespace skiclock
