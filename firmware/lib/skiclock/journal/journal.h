// What happened to the clock, kept until the server has it.
//
// A ring in RAM, so that being offline loses nothing until it is full; the newest few are also
// kept in flash, written seldom, so that a restart does not take them. Each event has the uptime
// at which it happened; its true time is worked out when it is sent, by the time known then, and
// so is right for those from before anybody told the time. Only events of earlier boots, whose
// uptime means nothing any more, carry the time that was known when they were saved.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/json.h"
#include "skiclock/ports.h"
#include "skiclock/time/wall_time.h"

namespace skiclock {

inline constexpr char kJournalKey[] = "journal";
inline constexpr std::size_t kDetailBytes = 24;
inline constexpr std::size_t kJournalEvents = 24;
inline constexpr std::size_t kSavedEvents = 8;
inline constexpr std::uint32_t kMinSaveIntervalMs = 10 * 60 * 1000;

// What an event is about; its detail, in a word or two.
enum class EventKind : std::uint8_t {
  kBoot,         // the reset reason
  kWifiLost,     // why, where known
  kWifiBack,     // for how many seconds it was away
  kBrokerLost,   // why
  kSensorError,  // which
  kLowHeap,      // bytes
  kButton,       // what was pressed
  kTimeSync,     // how the time changed
  kUpdate,       // the step
  kConfig,       // applied, refused, taken back
  kCommand,      // which
  kPortal,       // opened or closed
};
inline constexpr std::uint8_t kEventKinds = 12;
const char* word_for(EventKind kind);  // contract::kEvent...

class Journal {
 public:
  Journal(StorePort& store, const WallTime& wall);  // both outlive this object

  // At boot, once: takes over what was saved, and counts the boot.
  void begin(std::uint32_t now_ms);

  // `detail` is cut to kDetailBytes, and what is not printable ASCII becomes '?'. When the ring is
  // full, its oldest event is lost and counted.
  void add(EventKind kind, const char* detail, std::uint32_t now_ms);
  // With a number behind the detail.
  void add(EventKind kind, const char* detail, std::int32_t number, std::uint32_t now_ms);

  // Writes an `event` message of the oldest events, as many as fit the writer. Returns the seq of
  // the last one in it, 0 where there is nothing to send or no room.
  std::uint32_t write_batch(Text device_id, std::uint32_t now_ms, JsonWriter& out);
  // The server has all events up to this one.
  void acknowledge(std::uint32_t seq);

  // Each loop: saves what is new, at most every ten minutes.
  void poll(std::uint32_t now_ms);
  // At once: before a restart that was decided on.
  void save(std::uint32_t now_ms);

  std::size_t size() const { return size_; }
  std::uint32_t boot() const { return boot_; }  // how many there were, this one included
  std::uint32_t lost() const { return lost_; }

 private:
  struct Event {
    std::uint32_t seq;
    std::uint32_t uptime_s;
    std::uint32_t unix_s;  // of earlier boots only; 0: was not known
    std::uint16_t boot;    // the lower half of the boot's number
    EventKind kind;
    char detail[kDetailBytes];  // not terminated where it is full
  };

  Event& at(std::size_t place) { return ring_[(first_ + place) % kJournalEvents]; }
  bool is_of_this_boot(const Event& event) const;
  std::uint32_t unix_of(const Event& event, std::uint32_t now_ms) const;
  Event& append();
  void drop_oldest();
  std::uint32_t take_saved(Bytes payload);
  std::size_t write_saved(std::uint8_t* payload, std::uint32_t now_ms);

  StorePort& store_;
  const WallTime& wall_;
  Event ring_[kJournalEvents] = {};
  std::uint8_t first_ = 0;
  std::uint8_t size_ = 0;
  bool is_dirty_ = false;
  std::uint32_t boot_ = 0;
  std::uint32_t next_seq_ = 1;
  std::uint32_t reserved_seq_ = 1;  // what is saved: a later boot begins there
  std::uint32_t lost_ = 0;
  std::uint32_t sent_seq_ = 0;        // the last one in the last batch
  std::uint32_t sent_lost_ = 0;       // the losses that it told
  std::uint32_t lost_in_flight_ = 0;  // dropped here since, though they were in it
  std::uint32_t saved_ms_ = 0;
};

}  // namespace skiclock
