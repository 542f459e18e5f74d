// Records in memory; a write happens whole or not at all, as StorePort promises.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fakes/power.h"
#include "skiclock/ports.h"

namespace skiclock::fakes {

class FakeStore : public StorePort {
 public:
  explicit FakeStore(Power& power = mains()) : power_(power) {}

  std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) override;
  bool write(const char* key, Bytes record) override;
  bool erase(const char* key) override;

  std::map<std::string, std::vector<std::uint8_t>> records;
  bool is_full = false;                   // writes are refused
  std::uint32_t full_after = 0xFFFFFFFF;  // so many writes
  std::uint32_t writes = 0;

 private:
  Power& power_;
};

}  // namespace skiclock::fakes
