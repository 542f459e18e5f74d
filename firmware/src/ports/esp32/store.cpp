// Records in the chip's NVS, which writes each whole or not at all.
#include "store.h"

namespace skiclock {

std::size_t Store::read(const char* key, std::uint8_t* buffer, std::size_t capacity) {
  if (!preferences_.isKey(key)) return 0;
  const std::size_t size = preferences_.getBytesLength(key);
  if (size == 0 || size > capacity) return 0;
  return preferences_.getBytes(key, buffer, capacity);
}

bool Store::write(const char* key, Bytes record) {
  return preferences_.putBytes(key, record.data, record.size) == record.size;
}

bool Store::erase(const char* key) { return !preferences_.isKey(key) || preferences_.remove(key); }

}  // namespace skiclock
