// Records in the chip's NVS, which writes each whole or not at all.
#pragma once

#include <Preferences.h>

#include "skiclock/ports.h"

namespace skiclock {

class Store : public StorePort {
 public:
  void begin() { preferences_.begin("skiclock"); }
  std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) override;
  bool write(const char* key, Bytes record) override;
  bool erase(const char* key) override;

 private:
  Preferences preferences_;
};

}  // namespace skiclock
