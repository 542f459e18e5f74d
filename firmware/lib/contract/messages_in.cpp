// What the clock hears, from JSON of unknown goodness.
#include "contract/contract.h"
#include "contract/messages.h"

namespace skiclock {
namespace {

struct CommandName {
  const char* name;
  CommandKind kind;
};
constexpr CommandName kCommandNames[] = {
    {contract::kCommandRestart, CommandKind::kRestart},
    {contract::kCommandRollback, CommandKind::kRollback},
    {contract::kCommandSnapshot, CommandKind::kSnapshot},
    {contract::kCommandIdentify, CommandKind::kIdentify},
    {contract::kCommandMessage, CommandKind::kMessage},
    {contract::kCommandBrightness, CommandKind::kBrightness},
    {contract::kCommandInfo, CommandKind::kInfo},
    {contract::kCommandCheck, CommandKind::kCheck},
};
constexpr std::int64_t kMaxSeconds = 86400;

// Absent or null, which mean the same on this wire.
bool is_absent(JsonValue value) { return !value.exists() || value.is_null(); }

// An optional text that must fit where it is there.
template <std::size_t kCapacity>
bool read_if_any(JsonValue value, char (&to)[kCapacity]) {
  return is_absent(value) || value.read(to, kCapacity);
}

template <typename Whole>
bool read_if_any(JsonValue value, Whole* to, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  if (is_absent(value)) return true;
  if (!value.read(&number, min, max)) return false;
  *to = static_cast<Whole>(number);
  return true;
}

CommandKind command_kind(JsonValue name) {
  for (const CommandName& row : kCommandNames) {
    if (name.text_is(row.name)) return row.kind;
  }
  return CommandKind::kUnknown;
}

bool has_its_arguments(const Command& command) {
  switch (command.kind) {
    case CommandKind::kMessage:
      return command.text[0] != '\0';
    case CommandKind::kBrightness:
      return command.level >= 0;
    default:
      return true;
  }
}

}  // namespace

bool decode(Text payload, VersionResponse* message) {
  JsonReader reader;
  *message = {};
  if (!reader.parse(payload)) return false;
  const JsonValue root = reader.root();
  return root.find("latest_version").read(message->latest_version, kVersionCapacity) &&
         root.find("update_available").read(&message->update_available) &&
         read_if_any(root.find("current_version"), message->current_version) &&
         read_if_any(root.find("platform"), message->platform) &&
         read_if_any(root.find("session_id"), message->session_id) &&
         read_if_any(root.find("protocol"), &message->protocol, 1, UINT8_MAX) &&
         read_if_any(root.find("size"), &message->size_bytes, 0, UINT32_MAX) &&
         read_if_any(root.find("sha256"), message->sha256) &&
         read_if_any(root.find("signature"), message->signature);
}

bool decode(Text payload, Ack* message) {
  JsonReader reader;
  *message = {};
  if (!reader.parse(payload) || !reader.root().is_object()) return false;
  const JsonValue root = reader.root();
  return read_if_any(root.find("session_id"), message->session_id) &&
         read_if_any(root.find("events"), &message->events, 0, UINT32_MAX) &&
         read_if_any(root.find("heartbeat"), &message->heartbeat, 0, UINT32_MAX);
}

bool decode(Text payload, Command* message) {
  JsonReader reader;
  *message = {};
  if (!reader.parse(payload)) return false;
  const JsonValue root = reader.root();
  if (!root.find("id").read(message->id, kIdCapacity) || message->id[0] == '\0') return false;
  if (!root.find("command").is_text()) return false;
  if (!root.find("expires_at").read(&message->expires_at_unix_s, 0)) return false;
  message->kind = command_kind(root.find("command"));
  root.find("text").read_cut(message->text, kCommandTextCapacity);
  return read_if_any(root.find("seconds"), &message->seconds, 1, kMaxSeconds) &&
         read_if_any(root.find("level"), &message->level, 0, 255) && has_its_arguments(*message);
}

bool decode(Text payload, Config* message) {
  JsonReader reader;
  *message = {};
  if (!reader.parse(payload)) return false;
  const JsonValue settings = reader.root().find("settings");
  if (!settings.is_object()) return false;
  message->settings = settings.raw();
  std::int64_t version = 0;
  if (!reader.root().find("version").read(&version, 0, INT32_MAX)) return false;
  message->version = static_cast<std::uint32_t>(version);
  return true;
}

}  // namespace skiclock
