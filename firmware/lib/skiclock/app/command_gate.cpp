// Which commands are carried out: none twice, none too late, none that the broker had kept.
#include "skiclock/app/command_gate.h"

#include <cstring>

namespace skiclock {
namespace {

constexpr char kRecord[] = "commands";

// FNV-1a (Fowler, Noll, Vo); never 0, which stands for an empty place.
std::uint32_t hash_of(const char* text) {
  std::uint32_t hash = 2166136261U;
  for (; *text != '\0'; ++text) hash = (hash ^ static_cast<std::uint8_t>(*text)) * 16777619U;
  return hash != 0 ? hash : 1;
}

}  // namespace

bool needs_date(CommandKind kind) {
  return kind == CommandKind::kRestart || kind == CommandKind::kRollback;
}

void CommandGate::begin() {
  std::uint8_t record[sizeof known_];
  if (store_.read(kRecord, record, sizeof record) != sizeof record) return;
  std::memcpy(known_, record, sizeof record);
}

CommandVerdict CommandGate::judge(const Command& command, bool is_retained, std::int64_t unix_s) {
  if (is_retained || is_known(command.id)) return CommandVerdict::kIgnore;
  remember(command);
  if (command.kind == CommandKind::kUnknown) return CommandVerdict::kUnknown;
  if (unix_s == 0) {
    return needs_date(command.kind) ? CommandVerdict::kUndatable : CommandVerdict::kCarryOut;
  }
  return unix_s >= command.expires_at_unix_s ? CommandVerdict::kExpired : CommandVerdict::kCarryOut;
}

bool CommandGate::is_known(const char* id) const {
  const std::uint32_t wanted = hash_of(id);
  for (const std::uint32_t known : known_) {
    if (known == wanted) return true;
  }
  return false;
}

void CommandGate::remember(const Command& command) {
  known_[next_] = hash_of(command.id);
  next_ = (next_ + 1) % contract::kCommandsRemembered;
  if (!needs_date(command.kind)) return;
  std::uint8_t record[sizeof known_];
  std::memcpy(record, known_, sizeof record);
  store_.write(kRecord, {record, sizeof record});
}

}  // namespace skiclock
