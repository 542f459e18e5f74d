// Whatever flash holds under the updater's names, the clock starts, and has forgotten or told it.
#include <cstdint>
#include <cstring>

#include "input.h"
#include "memory_store.h"
#include "skiclock/update/trial.h"

using namespace skiclock;
using fuzz::require;

namespace {

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

// A record of the input's bytes; in a good envelope where the input asks for one, because no
// fuzzer guesses a checksum.
void put(fuzz::MemoryStore& store, const char* key, RecordKind kind, fuzz::Input& input) {
  const bool is_sealed = (input.byte() & 1) != 0;
  const Bytes bytes = input.bytes(input.byte());
  if (is_sealed) return store.put(key, kind, bytes);
  store.write(key, bytes);
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
  fuzz::MemoryStore store;
  Slot slot;
  System system;
  slot.is_on_trial = (input.byte() & 1) != 0;
  put(store, "update", RecordKind::kAttempt, input);
  put(store, "refused", RecordKind::kRefused, input);
  for (const char* key : {"result0", "result1", "result2"}) {
    put(store, key, RecordKind::kResult, input);
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
