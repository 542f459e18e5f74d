// Any record as a saved journal: what it gives can be sent, acknowledged and saved again.
#include <cstdint>

#include "input.h"
#include "memory_store.h"
#include "skiclock/journal/journal.h"

using skiclock::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::MemoryStore store;
  store.put(skiclock::kJournalKey, skiclock::RecordKind::kJournal, {data, size});
  skiclock::WallTime wall;
  wall.set(skiclock::TimeSource::kNtp, 1795521600000, 0, 0);
  skiclock::Journal journal(store, wall);
  journal.begin(0);
  require(journal.size() <= skiclock::kSavedEvents);
  journal.add(skiclock::EventKind::kBoot, "power_on", 0);
  for (std::size_t left = journal.size(); left > 0; left = journal.size()) {
    char buffer[1024];
    skiclock::JsonWriter out(buffer, sizeof buffer);
    const std::uint32_t last = journal.write_batch(skiclock::text_of("a1"), 0, out);
    require(last > 0);
    journal.acknowledge(last);
    require(journal.size() < left);
  }
  journal.save(0);
  skiclock::Journal again(store, wall);
  again.begin(0);
  require(again.boot() == journal.boot() + 1);
  return 0;
}
