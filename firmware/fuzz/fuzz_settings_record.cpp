// Any record as the stored settings or the identity, with and without a right checksum.
#include <cstdint>

#include "settled.h"
#include "skiclock/config/identity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::Input input(data, size);
  skiclock::fuzz::MemoryStore store;
  const std::uint8_t how = input.byte();
  const skiclock::Bytes first = input.bytes(input.byte() * 4U);
  const skiclock::Bytes rest = input.rest();
  if ((how & 1) != 0) {
    store.put(skiclock::kSettingsKey, skiclock::RecordKind::kSettings, first);
  } else {
    store.write(skiclock::kSettingsKey, first);
  }
  if ((how & 2) != 0) store.put(skiclock::kIdentityKey, skiclock::RecordKind::kIdentity, rest);
  if ((how & 4) != 0)
    store.put(skiclock::kSettingsBeforeKey, skiclock::RecordKind::kSettings, rest);
  const skiclock::BuildDefaults defaults;
  skiclock::SettingsStore settings(store, defaults);
  settings.load();
  settings.poll(true, 0);
  settings.poll(true, skiclock::kConnectionTrialMs);
  skiclock::fuzz::require_settled(store, settings);
  return 0;
}
