// Records in memory, for what reads them from flash.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "skiclock/config/record.h"
#include "skiclock/ports.h"

namespace skiclock::fuzz {

class MemoryStore : public StorePort {
 public:
  std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) override {
    const auto found = records.find(key);
    if (found == records.end() || found->second.empty() || found->second.size() > capacity)
      return 0;
    std::memcpy(buffer, found->second.data(), found->second.size());
    return found->second.size();
  }
  bool write(const char* key, Bytes record) override {
    std::vector<std::uint8_t>& kept = records[key];
    kept.resize(record.size);
    if (record.size > 0) std::memcpy(kept.data(), record.data, record.size);
    return true;
  }
  bool erase(const char* key) override {
    records.erase(key);
    return true;
  }
  // A record with a right checksum around any payload: what is behind the checksum is reached.
  void put(const char* key, RecordKind kind, Bytes payload) {
    std::vector<std::uint8_t> record(kRecordHeaderBytes + payload.size);
    if (payload.size > 0)
      std::memcpy(record.data() + kRecordHeaderBytes, payload.data, payload.size);
    const auto size = static_cast<std::uint16_t>(payload.size);
    record.resize(seal_record(kind, 1, record.data(), size));
    records[key] = record;
  }

  std::map<std::string, std::vector<std::uint8_t>> records;
};

}  // namespace skiclock::fuzz
