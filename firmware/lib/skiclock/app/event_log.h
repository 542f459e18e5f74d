// The journal with the time at hand, so that whoever notes something need not know it.
#pragma once

#include <cstdint>

#include "skiclock/journal/journal.h"
#include "skiclock/ports.h"

namespace skiclock {

class EventLog {
 public:
  EventLog(StorePort& store, const WallTime& wall) : journal_(store, wall), wall_(wall) {}

  // At boot, once; notes the boot itself.
  void begin(const char* reset_reason, std::uint32_t now_ms) {
    now_ms_ = now_ms;
    journal_.begin(now_ms);
    note(EventKind::kBoot, reset_reason);
  }
  // Each loop, first.
  void poll(std::uint32_t now_ms) {
    now_ms_ = now_ms;
    journal_.poll(now_ms);
  }

  void note(EventKind kind, const char* detail = "") { journal_.add(kind, detail, now_ms_); }
  void note(EventKind kind, const char* detail, std::int32_t number) {
    journal_.add(kind, detail, number, now_ms_);
  }

  std::uint32_t uptime_s() const { return wall_.uptime_s(now_ms_); }
  Journal& journal() { return journal_; }
  const Journal& journal() const { return journal_; }

 private:
  Journal journal_;
  const WallTime& wall_;
  std::uint32_t now_ms_ = 0;
};

}  // namespace skiclock
