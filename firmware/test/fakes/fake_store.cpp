// Records in memory.
#include "fakes/fake_store.h"

#include <doctest/doctest.h>

#include <cstring>

namespace skiclock::fakes {
namespace {

void check_key(const char* key) {
  REQUIRE_MESSAGE(std::strlen(key) <= 15, "NVS takes keys of at most 15 characters: ", key);
}

}  // namespace

std::size_t FakeStore::read(const char* key, std::uint8_t* buffer, std::size_t capacity) {
  check_key(key);
  const auto found = records.find(key);
  if (!power_.is_on() || found == records.end() || found->second.size() > capacity) return 0;
  std::memcpy(buffer, found->second.data(), found->second.size());
  return found->second.size();
}

bool FakeStore::write(const char* key, Bytes record) {
  check_key(key);
  if (is_full || writes >= full_after || !power_.step()) return false;
  ++writes;
  records[key].assign(record.data, record.data + record.size);
  return power_.step();
}

bool FakeStore::erase(const char* key) {
  check_key(key);
  if (!power_.step()) return false;
  records.erase(key);
  return power_.step();
}

}  // namespace skiclock::fakes
