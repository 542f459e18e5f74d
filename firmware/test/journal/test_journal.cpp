// The journal: order, true times, overflow, batches, acknowledgement, restarts.
#include <doctest/doctest.h>

#include <regex>
#include <string>
#include <vector>

#include "contract/json.h"
#include "fakes/fake_store.h"
#include "skiclock/config/record.h"
#include "skiclock/journal/journal.h"

using skiclock::EventKind;
using skiclock::Journal;
using skiclock::JsonWriter;
using skiclock::kJournalEvents;
using skiclock::kMinSaveIntervalMs;
using skiclock::kSavedEvents;
using skiclock::text_of;
using skiclock::TimeSource;
using skiclock::WallTime;
using skiclock::fakes::FakeStore;

namespace {

constexpr std::int64_t kNoonMs = 1795521600000;
constexpr std::size_t kPayloadBytes = 1024 - 40;  // a packet less its topic and headers

struct Event {
  std::int64_t seq = 0, boot = 0, at = 0, up = 0;
  std::string kind, detail;
};

struct Batch {
  std::uint32_t last = 0;
  std::int64_t boot = 0, lost = 0;
  std::vector<Event> events;
  std::string json;
};

// One boot of a clock, from the moment at which its milliseconds are 0.
struct Boot {
  WallTime wall;
  Journal journal;

  explicit Boot(FakeStore& store) : journal(store, wall) {
    wall.poll(0);
    journal.begin(0);
  }
  Batch batch(std::uint32_t now_ms, std::size_t capacity = kPayloadBytes) {
    std::vector<char> buffer(capacity);
    JsonWriter out(buffer.data(), buffer.size());
    Batch batch;
    batch.last = journal.write_batch(text_of("e8c5fbbdf5f0"), now_ms, out);
    if (batch.last == 0) return batch;
    batch.json.assign(out.written().data, out.written().size);
    static const std::regex kMessage(
        R"re(\{"device_id":"e8c5fbbdf5f0","boot":(\d+),"lost":(\d+),"events":\[.*\]\})re");
    static const std::regex kEvent(
        R"re(\{"seq":(\d+),"boot":(\d+),"up":(\d+),"kind":"(\w+)"(?:,"at":(\d+))?)re"
        R"re((?:,"detail":"((?:[^"\\]|\\.)*)")?\})re");
    std::smatch found;
    REQUIRE(std::regex_match(batch.json, found, kMessage));
    batch.boot = std::stoll(found[1]);
    batch.lost = std::stoll(found[2]);
    for (std::sregex_iterator at(batch.json.begin(), batch.json.end(), kEvent), end; at != end;
         ++at) {
      const std::smatch& event = *at;
      batch.events.push_back({std::stoll(event[1]), std::stoll(event[2]),
                              event[5].matched ? std::stoll(event[5]) : 0, std::stoll(event[3]),
                              event[4], event[6]});
    }
    return batch;
  }
  // Sends and acknowledges until nothing is left.
  std::vector<Event> drain(std::uint32_t now_ms) {
    std::vector<Event> all;
    while (journal.size() > 0) {
      const Batch sent = batch(now_ms);
      REQUIRE(sent.last > 0);
      all.insert(all.end(), sent.events.begin(), sent.events.end());
      journal.acknowledge(sent.last);
    }
    return all;
  }
};

}  // namespace

TEST_CASE("events are sent in the order in which they happened, with kind and detail") {
  FakeStore store;
  Boot boot(store);
  boot.journal.add(EventKind::kBoot, "power_on", 100);
  boot.journal.add(EventKind::kWifiBack, "after", 75, 76000);
  boot.journal.add(EventKind::kLowHeap, "", 9000, 80000);
  boot.wall.set(TimeSource::kNtp, kNoonMs, 90000, 10);
  const Batch batch = boot.batch(100000);
  CHECK(batch.json ==
        R"({"device_id":"e8c5fbbdf5f0","boot":1,"lost":0,"events":[)"
        R"({"seq":1,"boot":1,"up":0,"kind":"boot","at":1795521510,"detail":"power_on"},)"
        R"({"seq":2,"boot":1,"up":76,"kind":"wifi_back","at":1795521586,"detail":"after 75"},)"
        R"({"seq":3,"boot":1,"up":80,"kind":"low_heap","at":1795521590,"detail":"9000"}]})");
}

TEST_CASE("every kind has the contract's word") {
  const char* const words[] = {"boot",         "wifi_lost", "wifi_back", "broker_lost",
                               "sensor_error", "low_heap",  "button",    "time_sync",
                               "update",       "config",    "command",   "portal"};
  for (std::uint8_t i = 0; i < skiclock::kEventKinds; ++i) {
    CHECK(std::string(word_for(static_cast<EventKind>(i))) == words[i]);
  }
}

TEST_CASE("without a set time events have none, and have the true one once it is told") {
  FakeStore store;
  Boot boot(store);
  boot.journal.add(EventKind::kBoot, "power_on", 1000);
  CHECK(boot.batch(5000).events[0].at == 0);
  CHECK(boot.batch(5000).json.find("\"at\"") == std::string::npos);
  boot.wall.set(TimeSource::kRtc, kNoonMs + 3600000, 10000, -1);  // an hour wrong
  CHECK(boot.batch(10000).events[0].at == kNoonMs / 1000 + 3600 - 9);
  boot.wall.set(TimeSource::kNtp, kNoonMs, 20000, 10);
  CHECK(boot.batch(20000).events[0].at == kNoonMs / 1000 - 19);
}

TEST_CASE("times stay true for months of uptime") {
  FakeStore store;
  Boot boot(store);
  boot.wall.set(TimeSource::kNtp, kNoonMs, 0, 10);
  std::uint32_t now_ms = 0;
  for (int day = 0; day < 120; ++day) {
    now_ms += 86400000;
    boot.wall.poll(now_ms);
  }
  boot.journal.add(EventKind::kButton, "short", now_ms);
  now_ms += 86400000;
  boot.wall.poll(now_ms);
  const Event event = boot.batch(now_ms).events[0];
  CHECK(event.up == 120 * 86400);
  CHECK(event.at == kNoonMs / 1000 + 120 * 86400);
}

TEST_CASE("a batch fits the packet, and the next one goes on behind it") {
  FakeStore store;
  Boot boot(store);
  boot.wall.set(TimeSource::kNtp, kNoonMs, 0, 10);
  for (std::size_t i = 0; i < kJournalEvents; ++i) {
    boot.journal.add(EventKind::kSensorError, "twenty-four bytes of it!", 1000);
  }
  std::int64_t expected = 1;
  int batches = 0;
  while (boot.journal.size() > 0) {
    const Batch batch = boot.batch(2000);
    REQUIRE(batch.last > 0);
    CHECK(batch.json.size() <= kPayloadBytes);
    for (const Event& event : batch.events) {
      CHECK(event.seq == expected++);
      CHECK(event.detail == "twenty-four bytes of it!");
    }
    boot.journal.acknowledge(batch.last);
    ++batches;
  }
  CHECK(expected == kJournalEvents + 1);
  CHECK(batches >= 3);
  CHECK(batches <= 5);
}

TEST_CASE("nothing to send, or no room for even one, is no batch") {
  FakeStore store;
  Boot boot(store);
  CHECK(boot.batch(0).last == 0);
  boot.journal.add(EventKind::kBoot, "power_on", 0);
  for (std::size_t capacity = 0; capacity < 130; ++capacity) {
    const Batch batch = boot.batch(0, capacity);
    CHECK(batch.events.size() == (batch.last > 0 ? 1 : 0));
  }
  CHECK(boot.batch(0).last == 1);
}

TEST_CASE("an event is kept until it is acknowledged") {
  FakeStore store;
  Boot boot(store);
  for (int i = 0; i < 4; ++i) boot.journal.add(EventKind::kButton, "short", 0);
  CHECK(boot.batch(0).events.size() == 4);
  CHECK(boot.batch(0).events.size() == 4);
  boot.journal.acknowledge(0);
  CHECK(boot.journal.size() == 4);
  boot.journal.acknowledge(2);
  CHECK(boot.batch(0).events[0].seq == 3);
  boot.journal.acknowledge(1);
  CHECK(boot.journal.size() == 2);
  boot.journal.acknowledge(4);
  CHECK(boot.journal.size() == 0);
  boot.journal.acknowledge(4);
  CHECK(boot.journal.size() == 0);
}

TEST_CASE("the oldest give way, and how many is told until the server has heard it") {
  FakeStore store;
  Boot boot(store);
  for (std::size_t i = 0; i < kJournalEvents + 5; ++i) {
    boot.journal.add(EventKind::kBrokerLost, "timeout", 0);
  }
  const Batch batch = boot.batch(0);
  CHECK(batch.lost == 5);
  CHECK(batch.events[0].seq == 6);
  CHECK(boot.batch(0).lost == 5);
  boot.journal.acknowledge(batch.last);
  CHECK(boot.journal.lost() == 0);
  CHECK(boot.batch(0).lost == 0);
}

TEST_CASE("what gave way while its batch was on the way is lost only if the batch was") {
  for (const bool is_heard : {true, false}) {
    CAPTURE(is_heard);
    FakeStore store;
    Boot boot(store);
    for (std::size_t i = 0; i < kJournalEvents; ++i) boot.journal.add(EventKind::kButton, "", 0);
    const Batch batch = boot.batch(0);
    for (int i = 0; i < 3; ++i) boot.journal.add(EventKind::kButton, "", 0);
    CHECK(boot.journal.lost() == 3);
    if (is_heard) boot.journal.acknowledge(batch.last);
    CHECK(boot.journal.lost() == (is_heard ? 0 : 3));
    CHECK(boot.batch(0).lost == (is_heard ? 0 : 3));
  }
}

TEST_CASE("a detail is cut to 24 bytes, and bytes that no page should see are masked") {
  FakeStore store;
  Boot boot(store);
  boot.journal.add(EventKind::kCommand, "abcdefghijklmnopqrstuvwxyz", 0);
  boot.journal.add(EventKind::kCommand, "\x01\"\\\n\x7F\xC3\x85", 0);
  boot.journal.add(EventKind::kLowHeap, "abcdefghijklmnopqrstuvwxyz", INT32_MIN, 0);
  const Batch batch = boot.batch(0);
  CHECK(batch.events[0].detail == "abcdefghijklmnopqrstuvwx");
  CHECK(batch.events[1].detail == R"(?\"\\????)");
  CHECK(batch.events[2].detail == "abcdefghijkl -2147483648");
}

TEST_CASE("after a decided restart the last few are there, with their times, before the new ones") {
  FakeStore store;
  {
    Boot boot(store);
    boot.wall.set(TimeSource::kNtp, kNoonMs, 0, 10);
    for (int i = 0; i < 3; ++i) boot.journal.add(EventKind::kUpdate, "verified", 60000);
    boot.journal.save(61000);
  }
  Boot boot(store);
  CHECK(boot.journal.boot() == 2);
  boot.journal.add(EventKind::kBoot, "software", 0);
  const Batch batch = boot.batch(5000);
  REQUIRE(batch.events.size() == 4);
  CHECK(batch.boot == 2);
  for (int i = 0; i < 3; ++i) {
    CHECK(batch.events[i].boot == 1);
    CHECK(batch.events[i].at == kNoonMs / 1000 + 60);
    CHECK(batch.events[i].up == 60);
    CHECK(batch.events[i].detail == "verified");
  }
  CHECK(batch.events[3].boot == 2);
  CHECK(batch.events[3].at == 0);
  CHECK(batch.events[3].seq > batch.events[2].seq);
}

TEST_CASE("times of an earlier boot that knew none stay unknown") {
  FakeStore store;
  {
    Boot boot(store);
    boot.journal.add(EventKind::kButton, "long", 1000);
    boot.journal.save(2000);
  }
  Boot boot(store);
  boot.wall.set(TimeSource::kNtp, kNoonMs, 0, 10);
  CHECK(boot.batch(0).events[0].at == 0);
}

TEST_CASE("what a restart takes of a long journal is counted as lost") {
  FakeStore store;
  {
    Boot boot(store);
    for (int i = 0; i < 20; ++i) boot.journal.add(EventKind::kButton, "short", 0);
    boot.journal.save(0);
  }
  Boot boot(store);
  CHECK(boot.journal.size() == kSavedEvents);
  CHECK(boot.journal.lost() == 20 - kSavedEvents);
  CHECK(boot.batch(0).events[0].seq == 13);
}

TEST_CASE("no seq is given twice, however the power fails") {
  FakeStore store;
  std::int64_t highest = 0;
  for (int restart = 0; restart < 50; ++restart) {
    Boot boot(store);  // no save but its own
    CHECK(boot.journal.boot() == static_cast<std::uint32_t>(restart) + 1);
    for (int i = 0; i < restart * 3; ++i) boot.journal.add(EventKind::kButton, "short", 0);
    for (const Event& event : boot.drain(0)) {
      if (event.boot != restart + 1) continue;
      REQUIRE(event.seq > highest);
      highest = event.seq;
    }
  }
}

TEST_CASE("the flash is written seldom") {
  FakeStore store;
  Boot boot(store);
  const std::uint32_t at_boot = store.writes;
  CHECK(at_boot == 1);
  for (std::uint32_t now_ms = 0; now_ms < 6 * kMinSaveIntervalMs; now_ms += 30000) {
    boot.wall.poll(now_ms);
    if (now_ms % 120000 == 0) boot.journal.add(EventKind::kBrokerLost, "timeout", now_ms);
    boot.journal.poll(now_ms);
  }
  CHECK(store.writes - at_boot <= 6);
  CHECK(store.writes - at_boot >= 5);
  const std::uint32_t before = store.writes;
  boot.journal.save(6 * kMinSaveIntervalMs);
  for (std::uint32_t i = 0; i < 100; ++i) boot.journal.poll(7 * kMinSaveIntervalMs + i * 60000);
  CHECK(store.writes == before + 1);
}

TEST_CASE("a flash that refuses does not stop the journal, and is tried again") {
  FakeStore store;
  Boot boot(store);
  store.is_full = true;
  for (int i = 0; i < 200; ++i) boot.journal.add(EventKind::kButton, "short", 0);
  CHECK(boot.journal.size() == kJournalEvents);
  CHECK(boot.journal.lost() == 200 - kJournalEvents);
  boot.journal.poll(kMinSaveIntervalMs);
  store.is_full = false;
  boot.journal.poll(2 * kMinSaveIntervalMs);
  CHECK(Boot(store).journal.size() == kSavedEvents);
}

TEST_CASE("a damaged record is no journal; kinds of a newer firmware are passed over") {
  FakeStore store;
  {
    Boot boot(store);
    for (int i = 0; i < 3; ++i) boot.journal.add(EventKind::kButton, "short", 0);
    boot.journal.save(0);
  }
  std::vector<std::uint8_t> record = store.records["journal"];
  record[40] ^= 1;
  store.records["journal"] = record;
  Boot damaged(store);
  CHECK(damaged.journal.size() == 0);
  CHECK(damaged.journal.boot() == 1);

  record[40] ^= 1;
  record[12 + 12 + 14] = 99;  // the kind of the first event
  skiclock::seal_record(skiclock::RecordKind::kJournal, 2, record.data(), record.size() - 12);
  store.records["journal"] = record;
  Boot newer(store);
  CHECK(newer.journal.size() == 2);
  CHECK(newer.batch(0).events[0].seq == 2);
}

TEST_CASE("a saved journal that is cut inside its payload gives what is whole") {
  FakeStore store;
  {
    Boot boot(store);
    for (int i = 0; i < 3; ++i) boot.journal.add(EventKind::kButton, "short", 0);
    boot.journal.save(0);
  }
  const std::vector<std::uint8_t> whole = store.records["journal"];
  for (std::size_t size = 0; size < whole.size() - 12; ++size) {
    std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + 12 + static_cast<long>(size));
    skiclock::seal_record(skiclock::RecordKind::kJournal, 1, cut.data(), size);
    FakeStore other;
    other.records["journal"] = cut;
    CHECK(Boot(other).journal.size() == (size < 12 ? 0 : (size - 12) / 21));
  }
}
