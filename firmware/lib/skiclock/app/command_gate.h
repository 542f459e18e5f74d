// Which commands are carried out: none twice, none too late, none that the broker had kept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/contract.h"
#include "contract/messages.h"
#include "skiclock/ports.h"

namespace skiclock {

enum class CommandVerdict : std::uint8_t {
  kCarryOut,   // do it and answer
  kIgnore,     // no answer: retained, or already answered
  kExpired,    // answer that it came too late
  kUndatable,  // refuse: nobody knows the time, and it would do harm when late
  kUnknown,    // refuse: of a newer server
};

// Whether a late repetition would do harm: it restarts the clock.
bool needs_date(CommandKind kind);

class CommandGate {
 public:
  explicit CommandGate(StorePort& store) : store_(store) {}

  // Once, at boot: ids of commands that restarted the clock are kept in flash, or a broker that
  // sends one again would make it restart for ever.
  void begin();
  // `unix_s` 0: the time is not known. Remembers the id unless it ignores the command.
  CommandVerdict judge(const Command& command, bool is_retained, std::int64_t unix_s);

 private:
  bool is_known(const char* id) const;
  void remember(const Command& command);

  StorePort& store_;
  // Of ids, which are UUIDs, a hash is enough to know one again, and is a tenth of the memory.
  std::uint32_t known_[contract::kCommandsRemembered] = {};
  std::size_t next_ = 0;
};

}  // namespace skiclock
