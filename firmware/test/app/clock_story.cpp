// A whole clock on the bench, its broker and its server.
#include "app/clock_story.h"

#include <doctest/doctest.h>

#include <set>

#include "update/golden_signatures.h"

namespace story {

using skiclock::test::Json;
using skiclock::test::read_json;

namespace {

constexpr std::uint32_t kStepMs = 10;
constexpr std::uint32_t kFrameMs = 40;
constexpr std::uint32_t kCapacity = 200000;
constexpr std::size_t kImageBytes = 20000;

bool begins(const std::string& text, const std::string& beginning) {
  return text.rfind(beginning, 0) == 0;
}

std::string quoted(const std::string& name, const std::string& value) {
  return "\"" + name + "\":\"" + value + "\"";
}

std::vector<Json> on_topic(const std::vector<Message>& messages, const std::string& topic) {
  std::vector<Json> found;
  for (const Message& one : messages) {
    if (one.topic == topic) found.push_back(read_json(one.payload));
  }
  return found;
}

}  // namespace

Clock::Clock(std::int64_t rtc_time, skiclock::fakes::SlotKind kind)
    : slot(images::program(kOld, kImageBytes), kCapacity, kind, power),
      machine_{panels, button, thermometer, rtc,     udp,         network, broker,
               images, store,  slot,        sha256_, signatures_, system,  serial} {
  rtc.time = rtc_time;
  build.device_id = kId.c_str();
  build.platform = "linux";
  build.board = "Linux";
  build.chip = "Bench";
  build.public_key = kGoldenKeys[images::kCurrent].point_hex;
  build.defaults.server_url = "https://clocks.example.org";
  build.defaults.mqtt_host = "broker.example.org";
  build.defaults.mqtt_username = "skiclock";
  build.roots_pem = "a root";
  build.connect_jitter_ms = build.broadcast_jitter_ms = 0;
}

void Clock::start(const char* reason) {
  system.reason = reason;
  version_ = images::version_of(slot.running());
  build.version = version_.c_str();
  app = std::make_unique<skiclock::App>(machine_, build, wall);
  has_restarted_ = false;
  app->begin(now_ms);
}

void Clock::run_ms(std::uint32_t duration_ms) {
  for (std::uint32_t passed = 0; passed < duration_ms && !has_restarted_; passed += kStepMs) {
    now_ms += kStepMs;
    if (now_ms / 1000 != (now_ms - kStepMs) / 1000 && rtc.time != 0) ++rtc.time;
    app->loop(now_ms);
    if (passed % kFrameMs == 0) app->render(now_ms);
    answer();
    // Going back turns the power off, so that the program does nothing more.
    if (system.restarts > 0 || !power.is_on()) reboot();
  }
}

void Clock::reboot() {
  broker.drop();
  app.reset();
  system.restarts = 0;
  power.restore();
  slot.boot(false);
  has_restarted_ = true;
}

void Clock::pull_plug() {
  reboot();
  start("power_on");
}

void Clock::live_s(std::uint32_t seconds) {
  const std::uint32_t began_ms = now_ms;
  while (now_ms - began_ms < seconds * 1000) {
    if (app == nullptr) start("software");
    run_ms(seconds * 1000 - (now_ms - began_ms));
  }
}

void Clock::answer() {
  while (answered_ < broker.published.size()) answer(Message(broker.published[answered_++]));
}

void Clock::answer(const Message& message) {
  if (begins(message.topic, "skiclock/version/request") && server.protocol > 0) {
    const std::string is_offer = server.offer.empty() ? "false" : "true";
    std::string response = "{" + quoted("latest_version", server.version) + "," +
                           quoted("current_version", version_) +
                           ",\"update_available\":" + is_offer + "," + quoted("platform", "linux");
    if (server.protocol >= 2) response += ",\"protocol\":2";
    say("version/response", response + server.offer + "}");
  }
  if (!server.acknowledges || server.protocol < 2) return;
  if (begins(message.topic, "skiclock/heartbeat/")) {
    const Json beat = read_json(message.payload);
    if (!beat["ack"].is_null())
      say("ack", "{\"heartbeat\":" + std::to_string(beat["ack"].number) + "}");
  }
  if (begins(message.topic, "skiclock/event/")) {
    const Json batch = read_json(message.payload);
    say("ack", "{\"events\":" + std::to_string(batch["events"].list.back()["seq"].number) + "}");
  }
  if (begins(message.topic, "skiclock/ota/complete/")) {
    const Json complete = read_json(message.payload);
    if (complete["final"].truth)
      say("ack", "{" + quoted("session_id", complete["session_id"].text) + "}");
  }
}

void Clock::say(const std::string& kind, const std::string& payload, bool is_retained) {
  const std::string id = kind == "version/updates" ? "" : "/" + kId;
  broker.send("skiclock/" + kind + id, payload, is_retained);
}

void Clock::command(const std::string& id, const std::string& words, std::int64_t expires_at,
                    bool is_retained) {
  say("command",
      "{" + quoted("id", id) + "," + words + ",\"expires_at\":" + std::to_string(expires_at) + "}",
      is_retained);
}

void Clock::publish_update(const std::string& version, images::Key key) {
  images.image = images::program(version, kImageBytes);
  images.etag = "\"" + version + "\"";
  const images::Offered offered =
      images::offered("7f8a3c1e-52f3-4c39-9a8e-" + version, images.image, version, "linux", key);
  server.version = version;
  server.offer = "," + quoted("session_id", offered.session_id) +
                 ",\"size\":" + std::to_string(offered.size_bytes) + "," +
                 quoted("sha256", offered.sha256_hex) + "," +
                 quoted("signature", offered.signature_base64);
}

std::vector<Json> Clock::heard(const std::string& kind) const {
  return on_topic(broker.published, "skiclock/" + kind + "/" + kId);
}

std::vector<Json> Clock::heard_v1(const std::string& kind) const {
  return on_topic(broker.published, "skiclock/" + kind);
}

Json Clock::last(const std::string& kind) const {
  const std::vector<Json> all = heard(kind);
  REQUIRE_MESSAGE(!all.empty(), kind);
  return all.back();
}

std::vector<std::string> Clock::events() const {
  std::vector<std::string> found;
  std::set<long long> seen;
  for (const Json& batch : heard("event")) {
    for (const Json& event : batch["events"].list) {
      if (!seen.insert(event["seq"].number).second) continue;
      found.push_back(event["kind"].text + " " + event["detail"].text);
    }
  }
  return found;
}

bool Clock::has_event(const std::string& beginning) const {
  for (const std::string& event : events()) {
    if (begins(event, beginning)) return true;
  }
  return false;
}

}  // namespace story
