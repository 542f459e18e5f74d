// Records in the flash behind the program; the ESP8266 has no NVS.
#include "store.h"

#include <Arduino.h>
#include <flash_hal.h>

#include <algorithm>
#include <cstring>

#include "skiclock/config/identity.h"

namespace skiclock {
namespace {

std::uint32_t log_start() { return FS_PHYS_ADDR + kIdentitySectorBytes; }

// Records that are flashed with the program, and written by nothing else.
struct Flashed {
  const char* key;
  std::uint32_t offset;
  std::size_t capacity;
};
constexpr Flashed kFlashed[] = {
    {kIdentityKey, 0, kIdentityCapacity},
    {kRootKeys[0], kRoot1Offset, kRootCapacity},
    {kRootKeys[1], kRoot2Offset, kRootCapacity},
};

const Flashed* flashed_of(const char* key) {
  for (const Flashed& record : kFlashed) {
    if (std::strcmp(record.key, key) == 0) return &record;
  }
  return nullptr;
}

}  // namespace

bool StoreFlash::erase_sector(std::uint32_t offset) {
  return ESP.flashEraseSector((log_start() + offset) / kSectorBytes);
}

bool StoreFlash::write(std::uint32_t offset, Bytes bytes) {
  return ESP.flashWrite(log_start() + offset, bytes.data, bytes.size);
}

bool StoreFlash::read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) {
  return ESP.flashRead(log_start() + offset, buffer, size);
}

// A megabyte of flash leaves 16 KiB to all of this: the rest is for the program and its next one.
FlashLayout Store::layout() {
  return FS_PHYS_SIZE < 68 * 1024 ? FlashLayout{3, kSectorBytes} : FlashLayout{4, 4 * kSectorBytes};
}

std::size_t Store::read(const char* key, std::uint8_t* buffer, std::size_t capacity) {
  const Flashed* flashed = flashed_of(key);
  if (flashed == nullptr) return log_.read(key, buffer, capacity);
  const std::size_t size = std::min(capacity, flashed->capacity);
  const bool is_read = ESP.flashRead(FS_PHYS_ADDR + flashed->offset, buffer, size);
  return is_read && size > 0 && buffer[0] != 0xFF ? size : 0;
}

bool Store::write(const char* key, Bytes record) {
  return flashed_of(key) == nullptr && log_.write(key, record);
}

bool Store::erase(const char* key) { return flashed_of(key) == nullptr && log_.erase(key); }

}  // namespace skiclock
