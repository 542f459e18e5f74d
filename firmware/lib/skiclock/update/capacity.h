// Whether an image fits: the other slot of an ESP32, the flash below the file system of an ESP8266.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::uint32_t kFlashSectorBytes = 4096;

// Rounded up to whole sectors; saturates.
std::uint32_t in_sectors(std::uint32_t bytes);

// What an ESP8266 can be sent: the flash between the running program and `area_end` (where its
// file system or settings begin), as its core's Updater places it.
std::uint32_t free_area_bytes(std::uint32_t running_bytes, std::uint32_t area_end);

// The boot loader unpacks a gzip image from the end of the area to address 0 and checks nothing:
// the unpacked program must end before the packed one begins.
bool can_unpack(std::uint32_t packed_bytes, std::uint32_t unpacked_bytes, std::uint32_t area_end);

}  // namespace skiclock
