// The contract's golden samples: what the clock says is theirs to the byte, what they say to
// clocks is understood. The samples come from the server's own encoder and decoder.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "contract/contract.h"
#include "contract/json_document.h"
#include "contract/messages.h"
#include "contract/topics.h"

using skiclock::JsonWriter;
using skiclock::Text;
using skiclock::text_of;
using skiclock::test::Json;
using skiclock::test::read_json;

namespace {

Text view(const std::string& text) { return {text.data(), text.size()}; }

Text text(const Json& json) { return view(json.text); }

std::uint32_t number(const Json& json) { return static_cast<std::uint32_t>(json.number); }

// The bytes of a text in which each character stands for one byte.
std::string bytes_of_latin1(const std::string& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    bytes += byte < 0x80 ? utf8[i] : static_cast<char>((byte & 3) << 6 | (utf8[++i] & 0x3F));
  }
  return bytes;
}

const Json& samples() {
  static const Json document = [] {
    std::ifstream file(SKICLOCK_SAMPLES);
    return read_json({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }();
  return document;
}

// The topic without prefix and device id.
std::string kind_of(const Json& sample) {
  std::string kind = sample["topic"].text.substr(sizeof "skiclock/" - 1);
  const std::string id = sample["message"]["device_id"].text;
  if (!id.empty() && kind.size() > id.size() && kind.substr(kind.size() - id.size()) == id) {
    kind.resize(kind.size() - id.size() - 1);
  }
  return kind;
}

bool encode_heartbeat(const Json& m, JsonWriter& out) {
  if (m["uptime"].is_null()) return false;
  skiclock::Heartbeat message;
  message.device_id = text(m["device_id"]);
  message.board = text(m["board"]);
  message.version = text(m["version"]);
  message.uptime_s = number(m["uptime"]);
  message.rssi_dbm = static_cast<std::int32_t>(m["rssi"].number);
  message.free_heap_bytes = number(m["free_heap"]);
  message.ssid = text(m["ssid"]);
  message.ip = text(m["ip"]);
  message.protocol = m["protocol"].is_null() ? 1 : 2;
  message.reset_reason = text(m["reset_reason"]);
  message.min_free_heap_bytes = number(m["min_free_heap"]);
  message.time_source = text(m["time_source"]);
  message.knows_clock_error = !m["clock_error_ms"].is_null();
  message.clock_error_ms = static_cast<std::int32_t>(m["clock_error_ms"].number);
  message.frame_ms = number(m["frame_ms"]);
  message.trust = text(m["trust"]);
  message.config_version = number(m["config_version"]);
  message.is_on_trial = m["trial"].truth;
  message.ack = number(m["ack"]);
  return encode(message, out);
}

bool encode_request(const Json& m, JsonWriter& out) {
  const std::uint8_t protocol = m["protocol"].is_null() ? 1 : 2;
  return encode(skiclock::VersionRequest{text(m["device_id"]), text(m["platform"]),
                                         text(m["current_version"]), protocol},
                out);
}

bool encode_start(const Json& m, JsonWriter& out) {
  return encode(
      skiclock::OtaStart{text(m["device_id"]), text(m["platform"]), text(m["old_version"]),
                         text(m["new_version"]), text(m["session_id"])},
      out);
}

bool encode_progress(const Json& m, JsonWriter& out) {
  return encode(
      skiclock::OtaProgress{text(m["device_id"]), static_cast<std::uint8_t>(m["progress"].number),
                            text(m["session_id"])},
      out);
}

bool encode_complete(const Json& m, JsonWriter& out) {
  if (m["success"].is_null()) return false;
  return encode(
      skiclock::OtaComplete{text(m["device_id"]), m["success"].truth, text(m["error_message"]),
                            text(m["session_id"]), text(m["version"]), m["final"].truth},
      out);
}

bool encode_status(const Json& m, JsonWriter& out) {
  return encode(skiclock::Status{text(m["device_id"]), m["online"].truth}, out);
}

bool encode_info(const Json& m, JsonWriter& out) {
  std::vector<const char*> features;
  for (const Json& feature : m["features"].list) features.push_back(feature.text.c_str());
  skiclock::Info message;
  message.device_id = text(m["device_id"]);
  message.board = text(m["board"]);
  message.platform = text(m["platform"]);
  message.version = text(m["version"]);
  message.chip = text(m["chip"]);
  message.flash_bytes = number(m["flash_bytes"]);
  message.mac = text(m["mac"]);
  message.sdk = text(m["sdk"]);
  message.boots = number(m["boots"]);
  message.panels = text(m["panels"]);
  message.width = static_cast<std::uint16_t>(m["width"].number);
  message.height = static_cast<std::uint16_t>(m["height"].number);
  message.identity = text(m["identity"]);
  message.features = features.data();
  message.feature_count = features.size();
  return encode(message, out);
}

bool encode_events(const Json& m, JsonWriter& out) {
  skiclock::EventsWriter writer(out, text(m["device_id"]), number(m["boot"]), number(m["lost"]));
  for (const Json& event : m["events"].list) {
    if (!writer.add({number(event["seq"]), number(event["boot"]), number(event["up"]),
                     text(event["kind"]), event["at"].number, text(event["detail"])})) {
      return false;
    }
  }
  return writer.finish();
}

bool encode_result(const Json& m, JsonWriter& out) {
  return encode(skiclock::CommandResult{text(m["device_id"]), text(m["id"]), text(m["result"]),
                                        text(m["detail"])},
                out);
}

bool encode_report(const Json& m, JsonWriter& out) {
  const skiclock::ConfigReport message{text(m["device_id"]), number(m["version"]),
                                       text(m["result"]), text(m["field"])};
  if (m["settings"].is_null()) return encode(message, out);
  begin(message, out);
  out.begin_object();
  // In the order in which the sample has them; a map has another one.
  for (const char* name : {"name", "timezone", "brightness"}) {
    const Json& value = m["settings"][name];
    if (value.kind == Json::Kind::kNumber) out.field(name, value.number);
    if (value.kind == Json::Kind::kText) out.field(name, text(value));
  }
  return out.end_object().end_object().ok();
}

bool encode_snapshot(const Json& m, JsonWriter& out) {
  const std::uint8_t bits[] = {0x1B, 0x1B, 0xE4, 0xE4};  // the sample's picture
  skiclock::Snapshot message;
  message.device_id = text(m["device_id"]);
  message.width = static_cast<std::uint16_t>(m["width"].number);
  message.height = static_cast<std::uint16_t>(m["height"].number);
  message.bits = {bits, sizeof bits};
  for (std::size_t i = 0; i < 4; ++i) {
    message.palette[i] =
        static_cast<std::uint32_t>(std::stoul(m["palette"].list.at(i).text, nullptr, 16));
  }
  return encode(message, out);
}

using Encoder = bool (*)(const Json&, JsonWriter&);
const std::map<std::string, Encoder>& encoders() {
  using namespace skiclock::contract;
  static const std::map<std::string, Encoder> rows = {
      {kTopicHeartbeat, encode_heartbeat},
      {kTopicVersionRequest, encode_request},
      {kTopicOtaStart, encode_start},
      {kTopicOtaProgress, encode_progress},
      {kTopicOtaComplete, encode_complete},
      {kTopicStatus, encode_status},
      {kTopicInfo, encode_info},
      {kTopicEvent, encode_events},
      {kTopicCommandResult, encode_result},
      {kTopicConfigReport, encode_report},
      {kTopicSnapshot, encode_snapshot},
  };
  return rows;
}

const std::map<std::string, skiclock::Heard>& heards() {
  using namespace skiclock::contract;
  static const std::map<std::string, skiclock::Heard> rows = {
      {kTopicVersionResponse, skiclock::Heard::kVersionResponse},
      {kTopicAck, skiclock::Heard::kAck},
      {kTopicCommand, skiclock::Heard::kCommand},
      {kTopicConfig, skiclock::Heard::kConfig}};
  return rows;
}

// The last level of the topic.
std::string device_of(const Json& sample) {
  const std::string& topic = sample["topic"].text;
  return topic.substr(topic.rfind('/') + 1);
}

void check_response(const std::string& payload, const Json& m) {
  skiclock::VersionResponse message;
  REQUIRE(decode(view(payload), &message));
  CHECK(message.latest_version == m["latest_version"].text);
  CHECK(message.current_version == m["current_version"].text);
  CHECK(message.update_available == m["update_available"].truth);
  CHECK(message.platform == m["platform"].text);
  CHECK(message.session_id == m["session_id"].text);
  CHECK(message.protocol == (m["protocol"].is_null() ? 1 : m["protocol"].number));
  CHECK(message.size_bytes == m["size"].number);
  CHECK(message.sha256 == m["sha256"].text);
  CHECK(message.signature == m["signature"].text);
}

void check_ack(const std::string& payload, const Json& m) {
  skiclock::Ack message;
  REQUIRE(decode(view(payload), &message));
  CHECK(message.session_id == m["session_id"].text);
  CHECK(message.events == m["events"].number);
  CHECK(message.heartbeat == m["heartbeat"].number);
}

void check_command(const std::string& payload, const Json& m) {
  using skiclock::CommandKind;
  const std::map<std::string, CommandKind> kinds = {
      {"restart", CommandKind::kRestart},   {"rollback", CommandKind::kRollback},
      {"snapshot", CommandKind::kSnapshot}, {"identify", CommandKind::kIdentify},
      {"message", CommandKind::kMessage},   {"brightness", CommandKind::kBrightness},
      {"info", CommandKind::kInfo},         {"check", CommandKind::kCheck}};
  skiclock::Command message;
  REQUIRE(decode(view(payload), &message));
  CHECK(message.id == m["id"].text);
  CHECK(message.kind == kinds.at(m["command"].text));
  CHECK(message.expires_at_unix_s == m["expires_at"].number);
  CHECK(message.text == m["text"].text);
  CHECK(message.seconds == m["seconds"].number);
  CHECK(message.level == (m["level"].is_null() ? -1 : m["level"].number));
}

void check_config(const std::string& payload, const Json& m) {
  skiclock::Config message;
  REQUIRE(decode(view(payload), &message));
  CHECK(message.version == m["version"].number);
  CHECK(read_json({message.settings.data, message.settings.size}) == m["settings"]);
}

}  // namespace

TEST_CASE("each well-formed message of a clock is said as the contract has it") {
  std::map<std::string, int> said;
  for (const Json& sample : samples()["from_clocks"].list) {
    if (!sample["problem"].is_null()) continue;
    const std::string kind = kind_of(sample);
    const std::string payload = bytes_of_latin1(sample["payload_latin1"].text);
    CAPTURE(payload);
    char buffer[1024];
    JsonWriter out(buffer, sizeof buffer);
    // Some builds of the first generation say less, or in other words.
    if (!encoders().at(kind)(sample["message"], out)) continue;
    ++said[kind];
    const std::string written(buffer, out.written().size);
    // The list of events comes last with us, because it is filled until the packet is full.
    if (kind == skiclock::contract::kTopicEvent) {
      CHECK(read_json(written) == read_json(payload));
    } else {
      CHECK(written == payload);
    }
  }
  for (const auto& row : encoders()) {
    CAPTURE(row.first);
    CHECK(said[row.first] > 0);
  }
}

TEST_CASE("an SSID that broke first-generation heartbeats is said in proper JSON") {
  int found = 0;
  for (const Json& sample : samples()["from_clocks"].list) {
    if (sample["problem"].text != "salvaged" || kind_of(sample) != "heartbeat") continue;
    // As the radio has it: the bytes between the quotes of v1's message.
    const std::string v1 = bytes_of_latin1(sample["payload_latin1"].text);
    const std::size_t begin = v1.find("\"ssid\":\"") + 8;
    const std::string ssid = v1.substr(begin, v1.find("\",\"ip\"") - begin);
    Json message = sample["message"];
    message.members["ssid"].text = ssid;
    char buffer[512];
    JsonWriter out(buffer, sizeof buffer);
    REQUIRE(encode_heartbeat(message, out));
    const Json said = read_json({buffer, out.written().size});
    for (const char* name : {"device_id", "board", "version", "uptime", "rssi", "ssid", "ip"}) {
      CAPTURE(name);
      CHECK(said[name] == sample["message"][name]);
    }
    ++found;
  }
  CHECK(found == 2);
}

TEST_CASE("each message to a clock is understood") {
  std::map<std::string, int> understood;
  for (const Json& sample : samples()["to_clocks"].list) {
    const std::string topic = sample["topic"].text;
    const std::string payload = bytes_of_latin1(sample["payload_latin1"].text);
    const std::string id = device_of(sample);
    const Json m = sample["message"].is_null() ? read_json(payload) : sample["message"];
    CAPTURE(topic);
    CAPTURE(payload);
    const skiclock::Heard heard = heard_on(view(topic), text_of("skiclock"), view(id));
    if (heard == skiclock::Heard::kVersionResponse) check_response(payload, m);
    if (heard == skiclock::Heard::kAck) check_ack(payload, m);
    if (heard == skiclock::Heard::kCommand) check_command(payload, m);
    if (heard == skiclock::Heard::kConfig) check_config(payload, m);
    for (const auto& row : heards()) understood[row.first] += row.second == heard ? 1 : 0;
    CHECK(heard != skiclock::Heard::kNothing);
  }
  for (const auto& row : understood) {
    CAPTURE(row.first);
    CHECK(row.second > 0);
  }
}
