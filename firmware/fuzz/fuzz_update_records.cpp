// Whatever flash holds under the updater's names, the clock starts, and has forgotten or told it.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "input.h"
#include "skiclock/update/record.h"
#include "skiclock/update/trial.h"

using namespace skiclock;
using fuzz::require;

namespace {

class Store : public StorePort {
 public:
  std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) override {
    const auto& record = records[key];
    if (record.size() > capacity) return 0;
    std::copy(record.begin(), record.end(), buffer);
    return record.size();
  }
  bool write(const char* key, Bytes record) override {
    records[key].assign(record.data, record.data + record.size);
    return true;
  }
  bool erase(const char* key) override { return records.erase(key) > 0; }

  std::map<std::string, std::vector<std::uint8_t>> records;
};

class Slot : public SlotPort {
 public:
  std::uint32_t capacity_bytes() override { return 0; }
  bool begin(std::uint32_t) override { return false; }
  bool write(Bytes) override { return false; }
  bool read(std::uint32_t, std::uint8_t*, std::size_t) override { return false; }
  bool activate() override { return false; }
  void abandon() override {}
  BootState boot_state() override {
    return is_on_trial ? BootState::kOnTrial : BootState::kConfirmed;
  }
  bool can_roll_back() override { return true; }
  void confirm() override { is_on_trial = false; }
  void roll_back() override { is_on_trial = false; }

  bool is_on_trial = false;
};

class System : public SystemPort {
 public:
  void restart() override {}
  const char* reset_reason() override { return "panic"; }
  std::uint32_t free_heap_bytes() override { return 0; }
  std::uint32_t min_free_heap_bytes() override { return 0; }
  std::uint32_t random() override { return 4; }
};

template <std::size_t kCapacity>
void require_text(const char (&text)[kCapacity]) {
  require(std::memchr(text, '\0', kCapacity) != nullptr);
}

// A record of the input's bytes; with a CRC that is right where the input asks for one, because
// no fuzzer guesses it.
void put(Store& store, const char* key, fuzz::Input& input) {
  const bool is_checked = (input.byte() & 1) != 0;
  const Bytes bytes = input.bytes(input.byte());
  auto& record = store.records[key];
  record.assign(bytes.data, bytes.data + bytes.size);
  const std::uint32_t crc = crc32(bytes);
  for (int shift = 0; is_checked && shift < 32; shift += 8) {
    record.push_back(static_cast<std::uint8_t>(crc >> shift));
  }
}

void check_results(ResultStore& results) {
  require(results.count() <= 3);
  UpdateResult result;
  for (int i = 0; i < 3; ++i) {
    if (!results.take_due(0, &result)) continue;
    require_text(result.session_id);
    require_text(result.old_version);
    require_text(result.new_version);
    require_text(result.reason);
    require(results.contains(text_of(result.session_id)));
  }
  UpdateResult other;
  std::strcpy(other.session_id, "another");
  require(results.add(other) && results.contains(text_of("another")));
  require(results.acknowledge(text_of("another")));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Store store;
  Slot slot;
  System system;
  slot.is_on_trial = (input.byte() & 1) != 0;
  for (const char* key : {"update", "refused", "result0", "result1", "result2"}) {
    put(store, key, input);
  }
  UpdateRecords records(store);
  Trial trial(slot, records, system);
  trial.begin(text_of("2026.1.1.1"), 0);
  require(trial.is_on_trial() == slot.is_on_trial);
  trial.poll(kTrialMs, {});
  require(!trial.is_on_trial() && !slot.is_on_trial);
  Attempt attempt;
  require(!records.attempt.read(&attempt));
  check_results(records.results);
  require(records.refused.add(text_of("2026.1.1.2"), text_of("2026.1.1.1")));
  require(records.refused.contains(text_of("2026.1.1.2")));
  return 0;
}
