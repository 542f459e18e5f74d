// Messages: limits of what is said, and refusal of what is not as the contract has it.
#include <doctest/doctest.h>

#include <string>

#include "contract/contract.h"
#include "contract/json_document.h"
#include "contract/messages.h"

using skiclock::JsonWriter;
using skiclock::Text;
using skiclock::text_of;
using skiclock::test::Json;
using skiclock::test::read_json;

namespace {

Text view(const std::string& text) { return {text.data(), text.size()}; }

// A heartbeat in which every text is as long as it can get, and the SSID as ugly.
skiclock::Heartbeat longest_heartbeat(const std::string& ssid, std::uint8_t protocol) {
  skiclock::Heartbeat message;
  message.device_id = text_of("ffffffffffffffff");
  message.board = text_of("Wemos D1 Mini");
  message.version = text_of("9999.12.31.999999999");
  message.uptime_s = UINT32_MAX;
  message.rssi_dbm = -100;
  message.free_heap_bytes = UINT32_MAX;
  message.ssid = view(ssid);
  message.ip = text_of("255.255.255.255");
  message.protocol = protocol;
  message.reset_reason = text_of("deep_sleep");
  message.min_free_heap_bytes = UINT32_MAX;
  message.time_source = text_of("none");
  message.knows_clock_error = true;
  message.clock_error_ms = INT32_MIN;
  message.frame_ms = UINT32_MAX;
  message.trust = text_of("insecure");
  message.config_version = UINT32_MAX;
  message.is_on_trial = true;
  message.ack = UINT32_MAX;
  return message;
}

// Header, length, topic with its length, id of a QoS 1 packet.
std::size_t packet_bytes(const std::string& topic, std::size_t payload_bytes) {
  return 1 + 2 + 2 + topic.size() + 2 + payload_bytes;
}

template <typename Message>
bool is_taken(const std::string& payload) {
  Message message;
  return decode(view(payload), &message);
}

}  // namespace

TEST_CASE("the longest heartbeat fits the packet of its generation, whatever the SSID") {
  for (const char byte : {'\x01', '"', '\\', '\xff', 'x'}) {
    const std::string ssid(32, byte);
    char buffer[1024];
    JsonWriter v1(buffer, sizeof buffer);
    CHECK(encode(longest_heartbeat(ssid, 1), v1));
    CHECK(packet_bytes("skiclock/heartbeat", v1.written().size) <=
          skiclock::contract::kV1PacketBytes);
    JsonWriter v2(buffer, sizeof buffer);
    CHECK(encode(longest_heartbeat(ssid, 2), v2));
    CHECK(packet_bytes("skiclock/heartbeat/ffffffffffffffff", v2.written().size) <=
          skiclock::contract::kV2PacketBytes);
    CHECK(read_json({buffer, v2.written().size})["ack"].number == UINT32_MAX);
  }
}

TEST_CASE("a snapshot of the largest wall fits a packet") {
  const std::string bits(512, '\xe4');
  skiclock::Snapshot message;
  message.device_id = text_of("ffffffffffffffff");
  message.width = 128;
  message.height = 16;
  message.bits = skiclock::bytes_of(view(bits));
  message.palette[1] = 0xFF3000;
  char buffer[1024];
  JsonWriter out(buffer, sizeof buffer);
  REQUIRE(encode(message, out));
  CHECK(packet_bytes("skiclock/snapshot/ffffffffffffffff", out.written().size) <=
        skiclock::contract::kV2PacketBytes);
  const Json said = read_json({buffer, out.written().size});
  CHECK(said["bits"].text.size() == 684);
  CHECK(said["palette"].list.at(1).text == "ff3000");
}

TEST_CASE("texts longer than the server takes are cut between characters") {
  std::string reason = "x";
  while (reason.size() < 400) reason += "å";
  char buffer[1024];
  JsonWriter out(buffer, sizeof buffer);
  skiclock::OtaComplete message;
  message.device_id = text_of("a1b2c3");
  message.error_message = view(reason);
  REQUIRE(encode(message, out));
  const std::string said = read_json({buffer, out.written().size})["error_message"].text;
  CHECK(said.size() == 159);  // 160 would cut the last one in two
  CHECK(said == reason.substr(0, 159));
}

TEST_CASE("a message that does not fit says so") {
  char buffer[40];
  JsonWriter out(buffer, sizeof buffer);
  CHECK_FALSE(encode(skiclock::Status{text_of("e8c5fbbdf5f0"), true}, out));
}

TEST_CASE("events are added until the packet is full, and the message stays whole") {
  for (std::size_t capacity = 0; capacity < 400; ++capacity) {
    char buffer[400];
    JsonWriter out(buffer, capacity);
    skiclock::EventsWriter writer(out, text_of("a1b2c3"), 17, 3);
    std::size_t taken = 0;
    for (std::uint32_t seq = 1; seq <= 5; ++seq) {
      if (!writer.add({seq, 17, 60, text_of("wifi_lost"), 1795508900, text_of("reason \"8\"")})) {
        break;
      }
      ++taken;
    }
    CHECK(writer.count() == taken);
    const bool is_whole = writer.finish();
    if (taken > 0) REQUIRE(is_whole);
    if (!is_whole) continue;
    const Json said = read_json({buffer, out.written().size});
    CHECK(said["events"].list.size() == taken);
    CHECK(said["lost"].number == 3);
  }
}

TEST_CASE("a message never holds more events than the server takes") {
  char buffer[4096];
  JsonWriter out(buffer, sizeof buffer);
  skiclock::EventsWriter writer(out, text_of("a1b2c3"), 1, 0);
  std::uint32_t seq = 0;
  while (writer.add({++seq, 1, 2, text_of("boot"), 0, {}})) REQUIRE(seq < 1000);
  CHECK(writer.count() == skiclock::contract::kEventsInAMessage);
  CHECK(writer.finish());
}

TEST_CASE("an answer to a version request is taken whole or not at all") {
  using skiclock::VersionResponse;
  const std::string good =
      R"({"latest_version":"2026.11.24.7","update_available":true,"platform":"esp32")";
  CHECK(is_taken<VersionResponse>(good + "}"));
  CHECK(is_taken<VersionResponse>(good + R"(,"session_id":null,"later":[1,{"x":2}]})"));
  const char* bad[] = {"",
                       "null",
                       "[]",
                       "{}",
                       R"({"latest_version":"2026.11.24.7"})",
                       R"({"update_available":true})",
                       R"({"latest_version":7,"update_available":true})",
                       R"({"latest_version":"1","update_available":"true"})"};
  for (const char* payload : bad) {
    CAPTURE(payload);
    CHECK_FALSE(is_taken<VersionResponse>(payload));
  }
  CHECK_FALSE(is_taken<VersionResponse>(good + R"(,"size":-1})"));
  CHECK_FALSE(is_taken<VersionResponse>(good + R"(,"size":4294967296})"));
  CHECK_FALSE(is_taken<VersionResponse>(good + R"(,"protocol":256})"));
  CHECK_FALSE(is_taken<VersionResponse>(good + R"(,"sha256":")" + std::string(65, 'a') + "\"}"));
  CHECK_FALSE(
      is_taken<VersionResponse>(good + R"(,"session_id":")" + std::string(37, 'a') + "\"}"));
}

TEST_CASE("a command is taken only with all that it needs") {
  const auto is_command = [](const std::string& rest) {
    return is_taken<skiclock::Command>(R"({"id":"x","expires_at":1795512600,)" + rest + "}");
  };
  CHECK(is_command(R"("command":"restart")"));
  CHECK(is_command(R"("command":"identify","seconds":86400)"));
  CHECK_FALSE(is_command(R"("command":"identify","seconds":86401)"));
  CHECK_FALSE(is_command(R"("command":"identify","seconds":0)"));
  CHECK_FALSE(is_command(R"("command":"message")"));
  CHECK_FALSE(is_command(R"("command":"message","text":"")"));
  CHECK_FALSE(is_command(R"("command":"brightness")"));
  CHECK_FALSE(is_command(R"("command":"brightness","level":256)"));
  CHECK(is_command(R"("command":"brightness","level":0)"));
  CHECK_FALSE(is_command(R"("command":7)"));
  CHECK_FALSE(is_taken<skiclock::Command>(R"({"id":"","command":"info","expires_at":1})"));
  CHECK_FALSE(is_taken<skiclock::Command>(R"({"id":"x","command":"info"})"));
  CHECK_FALSE(is_taken<skiclock::Command>(R"({"id":"x","command":"info","expires_at":-1})"));
}

TEST_CASE("a command of a newer server is known as unknown, with its id") {
  skiclock::Command message;
  REQUIRE(decode(text_of(R"({"id":"x","command":"dance","expires_at":1})"), &message));
  CHECK(message.kind == skiclock::CommandKind::kUnknown);
  CHECK(std::string(message.id) == "x");
}

TEST_CASE("a message of 120 characters of any language is kept whole, a longer one cut") {
  std::string characters;
  for (int i = 0; i < 121; ++i) characters += "\xf0\x9f\x8e\xbf";
  skiclock::Command message;
  const std::string payload =
      R"({"id":"x","command":"message","expires_at":1,"text":")" + characters + "\"}";
  REQUIRE(decode(view(payload), &message));
  CHECK(std::string(message.text) == characters.substr(0, 480));
}

TEST_CASE("settings are handed on as they came, nested ones included") {
  const std::string payload = R"({"settings":{"a":[1,"}"],"b":{"c":null}},"version":5})";
  skiclock::Config message;
  REQUIRE(decode(view(payload), &message));
  CHECK(message.version == 5);
  CHECK(std::string(message.settings.data, message.settings.size) ==
        R"({"a":[1,"}"],"b":{"c":null}})");
  CHECK_FALSE(is_taken<skiclock::Config>(R"({"settings":[],"version":5})"));
  CHECK_FALSE(is_taken<skiclock::Config>(R"({"settings":{},"version":-5})"));
  CHECK_FALSE(is_taken<skiclock::Config>(R"({"settings":{}})"));
}

TEST_CASE("an acknowledgement names what it names") {
  skiclock::Ack message;
  REQUIRE(decode(text_of(R"({"events":41,"heartbeat":7})"), &message));
  CHECK(message.events == 41);
  CHECK(message.heartbeat == 7);
  CHECK(std::string(message.session_id).empty());
  CHECK_FALSE(is_taken<skiclock::Ack>("41"));
  CHECK_FALSE(is_taken<skiclock::Ack>(R"({"events":"41"})"));
}
