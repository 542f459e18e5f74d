// What the clock says, to JSON. The order of the fields is the contract's.
#include "contract/contract.h"
#include "contract/messages.h"
#include "contract/utf8.h"

namespace skiclock {
namespace {

// What the server takes of a text (backend/contract/messages.py); bytes here, characters there,
// so that it never takes less.
constexpr std::size_t kTextBytes = 64;
constexpr std::size_t kErrorBytes = 160;

void text_field(JsonWriter& out, const char* name, Text value, std::size_t max = kTextBytes) {
  out.field(name, cut_to(value, max));
}

void text_field_if_any(JsonWriter& out, const char* name, Text value,
                       std::size_t max = kTextBytes) {
  if (value.size > 0) text_field(out, name, value, max);
}

void write_v2_part(const Heartbeat& message, JsonWriter& out) {
  out.field("protocol", message.protocol);
  text_field(out, "reset_reason", message.reset_reason);
  out.field("min_free_heap", message.min_free_heap_bytes);
  text_field(out, "time_source", message.time_source);
  if (message.knows_clock_error) out.field("clock_error_ms", message.clock_error_ms);
  out.field("frame_ms", message.frame_ms);
  text_field(out, "trust", message.trust);
  out.field("config_version", message.config_version);
  if (message.is_on_trial) out.field("trial", true);
  if (message.ack != 0) out.field("ack", message.ack);
}

void write(const Happening& event, JsonWriter& out) {
  out.begin_object().field("seq", event.seq).field("boot", event.boot);
  out.field("up", event.uptime_s);
  text_field(out, "kind", event.kind);
  if (event.unix_s != 0) out.field("at", event.unix_s);
  text_field_if_any(out, "detail", event.detail);
  out.end_object();
}

void colour(JsonWriter& out, std::uint32_t rgb) {
  char digits[6];
  for (int i = 5; i >= 0; --i) {
    digits[i] = "0123456789abcdef"[rgb & 15];
    rgb >>= 4;
  }
  out.text(Text{digits, sizeof digits});
}

}  // namespace

bool encode(const Heartbeat& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  text_field(out, "board", message.board);
  text_field(out, "version", message.version);
  out.field("uptime", message.uptime_s);
  out.field("rssi", message.rssi_dbm);
  out.field("free_heap", message.free_heap_bytes);
  text_field(out, "ssid", message.ssid);
  text_field(out, "ip", message.ip);
  if (message.protocol >= 2) write_v2_part(message, out);
  return out.end_object().ok();
}

bool encode(const VersionRequest& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  text_field(out, "platform", message.platform);
  text_field(out, "current_version", message.current_version);
  if (message.protocol >= 2) out.field("protocol", message.protocol);
  return out.end_object().ok();
}

bool encode(const OtaStart& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  text_field(out, "platform", message.platform);
  text_field(out, "old_version", message.old_version);
  text_field(out, "new_version", message.new_version);
  text_field_if_any(out, "session_id", message.session_id);
  return out.end_object().ok();
}

bool encode(const OtaProgress& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  out.field("progress", message.percent);
  text_field_if_any(out, "session_id", message.session_id);
  return out.end_object().ok();
}

bool encode(const OtaComplete& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  out.field("success", message.success);
  if (!message.success) text_field_if_any(out, "error_message", message.error_message, kErrorBytes);
  text_field_if_any(out, "session_id", message.session_id);
  if (message.is_final) {
    text_field(out, "version", message.version);
    out.field("final", true);
  }
  return out.end_object().ok();
}

bool encode(const Status& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  out.field("online", message.is_online);
  return out.end_object().ok();
}

bool encode(const Info& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  text_field(out, "board", message.board);
  text_field(out, "platform", message.platform);
  text_field(out, "version", message.version);
  text_field(out, "chip", message.chip);
  out.field("flash_bytes", message.flash_bytes);
  text_field(out, "mac", message.mac);
  text_field(out, "sdk", message.sdk);
  out.field("boots", message.boots);
  text_field(out, "panels", message.panels);
  out.field("width", message.width).field("height", message.height);
  text_field(out, "identity", message.identity);
  out.key("features").begin_array();
  for (std::size_t i = 0; i < message.feature_count; ++i) out.text(message.features[i]);
  return out.end_array().end_object().ok();
}

EventsWriter::EventsWriter(JsonWriter& out, Text device_id, std::uint32_t boot, std::uint32_t lost)
    : out_(out) {
  out_.begin_object();
  text_field(out_, "device_id", device_id);
  out_.field("boot", boot).field("lost", lost);
  out_.key("events").begin_array();
}

bool EventsWriter::add(const Happening& event) {
  if (!out_.ok() || count_ == contract::kEventsInAMessage) return false;
  const std::size_t before = out_.written().size;
  write(event, out_);
  const bool fits = out_.ok() && out_.room() >= 2;  // the closing brackets
  if (fits) {
    ++count_;
  } else {
    out_.rewind(before);
  }
  return fits;
}

bool EventsWriter::finish() { return out_.end_array().end_object().ok(); }

bool encode(const CommandResult& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  text_field(out, "id", message.id);
  text_field(out, "result", message.result);
  text_field_if_any(out, "detail", message.detail);
  return out.end_object().ok();
}

void begin(const ConfigReport& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  out.field("version", message.version);
  text_field(out, "result", message.result);
  text_field_if_any(out, "field", message.field);
  out.key("settings");
}

bool encode(const ConfigReport& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  out.field("version", message.version);
  text_field(out, "result", message.result);
  text_field_if_any(out, "field", message.field);
  return out.end_object().ok();
}

bool encode(const Snapshot& message, JsonWriter& out) {
  out.begin_object();
  text_field(out, "device_id", message.device_id);
  out.field("width", message.width).field("height", message.height);
  out.key("bits").base64(message.bits);
  out.key("palette").begin_array();
  for (const std::uint32_t rgb : message.palette) colour(out, rgb);
  return out.end_array().end_object().ok();
}

}  // namespace skiclock
