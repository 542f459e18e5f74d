// What the clock says and hears over MQTT: plain data, to JSON and from it.
//
// The reference is the Python package backend/contract; its golden samples are this file's test.
// Texts that go out belong to the caller and are cut to what the server takes; texts that come
// in are copied, because JSON escapes them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/bytes.h"
#include "contract/json.h"

namespace skiclock {

// ---- From the clock. `encode` returns false where the message did not fit the writer's buffer.

// `heartbeat`: the clock is alive. Below `protocol` only what first-generation clocks say is sent
// while that is 1.
struct Heartbeat {
  Text device_id;
  Text board;
  Text version;
  std::uint32_t uptime_s = 0;
  std::int32_t rssi_dbm = 0;
  std::uint32_t free_heap_bytes = 0;
  Text ssid;  // any bytes
  Text ip;
  std::uint8_t protocol = 2;
  Text reset_reason;
  std::uint32_t min_free_heap_bytes = 0;
  Text time_source;  // contract::kTimeSource...
  bool knows_clock_error = false;
  std::int32_t clock_error_ms = 0;
  std::uint32_t frame_ms = 0;
  Text trust;  // contract::kTrust...
  std::uint32_t config_version = 0;
  bool is_on_trial = false;
  std::uint32_t ack = 0;  // wants `ack` with this number after the commit; 0: does not
};
bool encode(const Heartbeat& message, JsonWriter& out);

// `version/request`: what should I run?
struct VersionRequest {
  Text device_id;
  Text platform;
  Text current_version;
  std::uint8_t protocol = 2;
};
bool encode(const VersionRequest& message, JsonWriter& out);

// `ota/start`. An empty session is not sent, here and below: first-generation servers have none.
struct OtaStart {
  Text device_id;
  Text platform;
  Text old_version;
  Text new_version;
  Text session_id;
};
bool encode(const OtaStart& message, JsonWriter& out);

// `ota/progress`.
struct OtaProgress {
  Text device_id;
  std::uint8_t percent = 0;
  Text session_id;
};
bool encode(const OtaProgress& message, JsonWriter& out);

// `ota/complete`, before the restart and, with `is_final`, after it: the last word, with the
// version that runs then.
struct OtaComplete {
  Text device_id;
  bool success = false;
  Text error_message;  // of a failure
  Text session_id;
  Text version;  // only with `is_final`
  bool is_final = false;
};
bool encode(const OtaComplete& message, JsonWriter& out);

// `status/<id>`, retained; `online: false` is also the last will.
struct Status {
  Text device_id;
  bool is_online = false;
};
bool encode(const Status& message, JsonWriter& out);

// `info/<id>`: what the clock is made of.
struct Info {
  Text device_id;
  Text board;
  Text platform;
  Text version;
  Text chip;
  std::uint32_t flash_bytes = 0;
  Text mac;
  Text sdk;
  std::uint32_t boots = 0;
  Text panels;  // "4+4": panels in each row
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  Text identity;  // "provisioned" or "shared"
  const char* const* features = nullptr;
  std::size_t feature_count = 0;
};
bool encode(const Info& message, JsonWriter& out);

// One entry of the journal.
struct Happening {
  std::uint32_t seq = 0;
  std::uint32_t boot = 0;
  std::uint32_t uptime_s = 0;
  Text kind;                // contract::kEvent...
  std::int64_t unix_s = 0;  // 0: the time was not known
  Text detail;
};

// `event/<id>`, a batch: begin, add while it returns true, end. What `add` refused is not in the
// message, which stays well-formed and within the buffer.
class EventsWriter {
 public:
  // `lost`: events that the journal had no room for.
  EventsWriter(JsonWriter& out, Text device_id, std::uint32_t boot, std::uint32_t lost);
  bool add(const Happening& event);
  // False where the message is no good: not even the frame of it did fit.
  bool finish();
  std::size_t count() const { return count_; }

 private:
  JsonWriter& out_;
  std::size_t count_ = 0;
};

// `command/result/<id>`.
struct CommandResult {
  Text device_id;
  Text id;
  Text result;  // contract::kResult...
  Text detail;
};
bool encode(const CommandResult& message, JsonWriter& out);

// `config/report/<id>`. `begin` leaves the writer where the settings' object is to be written
// (`out.begin_object()` ...); `out.end_object()` behind it closes the message. `encode` writes it
// without settings.
struct ConfigReport {
  Text device_id;
  std::uint32_t version = 0;
  Text result;  // contract::kReport...
  Text field;   // the one that was refused
};
void begin(const ConfigReport& message, JsonWriter& out);
bool encode(const ConfigReport& message, JsonWriter& out);

// `snapshot/<id>`: what the panels show. `bits`: width * height / 4 bytes, as Frame has them.
struct Snapshot {
  Text device_id;
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  Bytes bits;
  std::uint32_t palette[4] = {};  // 0xrrggbb
};
bool encode(const Snapshot& message, JsonWriter& out);

// ---- To the clock. `decode` is total: any bytes give true and a whole message, or false. Fields
// that a newer server adds are passed over. The message refers to nothing in the payload, except
// where said.

inline constexpr std::size_t kVersionCapacity = 33;
inline constexpr std::size_t kPlatformCapacity = 17;
inline constexpr std::size_t kIdCapacity = 37;            // a UUID
inline constexpr std::size_t kCommandTextCapacity = 481;  // 120 characters of up to 4 bytes

// `version/response/<id>`. What was absent is empty or 0; `protocol` is 1 where the server did
// not say.
struct VersionResponse {
  char latest_version[kVersionCapacity] = "";
  char current_version[kVersionCapacity] = "";
  bool update_available = false;
  char platform[kPlatformCapacity] = "";
  char session_id[kIdCapacity] = "";
  std::uint8_t protocol = 1;
  std::uint32_t size_bytes = 0;
  char sha256[65] = "";      // hex, lower case
  char signature[129] = "";  // base64 of the DER form
};
bool decode(Text payload, VersionResponse* message);

// `ack/<id>`: what the server has committed. 0 or empty: not named.
struct Ack {
  char session_id[kIdCapacity] = "";
  std::uint32_t events = 0;     // the journal up to this seq
  std::uint32_t heartbeat = 0;  // the heartbeat with this `ack`
};
bool decode(Text payload, Ack* message);

enum class CommandKind : std::uint8_t {
  kUnknown,     // of a newer server: to be answered with `refused`
  kRestart,     // start again
  kRollback,    // start the other slot
  kSnapshot,    // say what the panels show
  kIdentify,    // blink for `seconds`
  kMessage,     // show `text` for `seconds`
  kBrightness,  // `level` for `seconds`
  kInfo,        // say what it is made of
  kCheck,       // ask now what to run
};

// `command/<id>`.
struct Command {
  char id[kIdCapacity] = "";
  CommandKind kind = CommandKind::kUnknown;
  std::int64_t expires_at_unix_s = 0;
  char text[kCommandTextCapacity] = "";  // cut between characters
  std::uint32_t seconds = 0;             // 0: not said
  std::int16_t level = -1;               // -1: not said
};
// A message without text and a brightness without level are no commands.
bool decode(Text payload, Command* message);

// `config/<id>`. `settings` is the object's JSON, a part of the payload.
struct Config {
  std::uint32_t version = 0;
  Text settings;
};
bool decode(Text payload, Config* message);

}  // namespace skiclock
