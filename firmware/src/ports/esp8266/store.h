// Records in the flash behind the program; the ESP8266 has no NVS.
#pragma once

#include "skiclock/store/flash_log.h"

namespace skiclock {

// The part of flash that the linker script calls the file system's; the clock has no files. Its
// first sector is the identity, which whoever flashes the clock writes (config/identity.h); this is
// what follows.
class StoreFlash : public FlashRegion {
 public:
  bool erase_sector(std::uint32_t offset) override;
  bool write(std::uint32_t offset, Bytes bytes) override;
  bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) override;
};

class Store : public StorePort {
 public:
  void begin() {}
  std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) override;
  bool write(const char* key, Bytes record) override;
  bool erase(const char* key) override;

 private:
  static FlashLayout layout();

  StoreFlash flash_;
  FlashLog log_{flash_, layout()};
};

}  // namespace skiclock
