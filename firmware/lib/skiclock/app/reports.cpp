// What the clock tells of itself: heartbeats, what it is made of, events, answers to the server.
#include "skiclock/app/reports.h"

#include <algorithm>
#include <cstring>

#include "contract/contract.h"
#include "skiclock/time/wall_time.h"

namespace skiclock {
namespace {

// On trial a heartbeat that got lost must not be the end of a good image.
constexpr std::uint32_t kTrialHeartbeatMs = 10000;
constexpr std::uint32_t kEventsAgainMs = 15000;
constexpr std::uint32_t kEventsPauseMs = 2000;
constexpr std::uint32_t kHeartbeatNumbers = 1000000000;
constexpr std::size_t kNetworkNameBytes = 33;
constexpr std::size_t kAddressBytes = 46;

const char* word_of(Trust trust) {
  switch (trust) {
    case Trust::kVerified:
      return contract::kTrustVerified;
    case Trust::kInsecure:
      return contract::kTrustInsecure;
    case Trust::kPlain:
      break;
  }
  return contract::kTrustPlain;
}

std::uint32_t number_of(const Rgb& colour) {
  return static_cast<std::uint32_t>(colour.red) << 16 |
         static_cast<std::uint32_t>(colour.green) << 8 | colour.blue;
}

}  // namespace

void Reports::on_connected(std::uint32_t now_ms) {
  // An acknowledgement that the boot before waited for must not pass for one of this boot's.
  if (first_heartbeat_ == 0) {
    first_heartbeat_ = 1 + subject_.machine.system.random() % kHeartbeatNumbers;
  }
  wants_status_ = true;
  heartbeat_.arm(now_ms, 0);
  on_server_known(now_ms);
}

void Reports::on_server_known(std::uint32_t now_ms) {
  if (!uplink_.speaks_v2()) return;
  heartbeat_.arm(now_ms, 0);
  events_.arm(now_ms, kEventsPauseMs);
  wants_info_ = wants_config_ = true;
  config_ = ApplyResult{};
  config_.outcome = ApplyResult::Outcome::kCurrent;
  config_version_ = subject_.settings.settings().version;
}

void Reports::publish(std::uint32_t now_ms) {
  if (wants_status_ && uplink_.say_status(true, now_ms)) wants_status_ = false;
  if (heartbeat_.is_due(now_ms) && say_heartbeat(now_ms)) {
    const std::uint32_t pause_ms =
        subject_.trial.is_on_trial() ? kTrialHeartbeatMs : subject_.build.heartbeat_ms;
    heartbeat_.arm(now_ms, jittered(pause_ms, subject_.machine.system.random()));
  }
  if (!uplink_.speaks_v2()) return;
  if (answer_count_ > 0 && say_answer()) {
    --answer_count_;
    std::move(answers_.begin() + 1, answers_.end(), answers_.begin());
  }
  if (wants_config_ && say_config()) wants_config_ = false;
  if (wants_info_ && say_info()) wants_info_ = false;
  if (wants_snapshot_ && say_snapshot()) wants_snapshot_ = false;
  if (events_.is_due(now_ms) && say_events(now_ms)) {
    const bool is_empty = subject_.events.journal().size() == 0;
    events_.arm(now_ms, is_empty ? kEventsPauseMs : kEventsAgainMs);
  }
}

bool Reports::say_heartbeat(std::uint32_t now_ms) {
  const bool on_trial = subject_.trial.is_on_trial();
  // A first-generation heartbeat cannot say that the image is on trial, and would pass for the
  // success of the update.
  if (on_trial && !uplink_.speaks_v2()) return false;
  const Build& build = subject_.build;
  const Settings& settings = subject_.settings.settings();
  const WallTime& wall = subject_.time.wall();
  char ssid[kNetworkNameBytes];
  char address[kAddressBytes];
  subject_.machine.network.ssid(ssid, sizeof ssid);
  subject_.machine.network.ip_address(address, sizeof address);
  Heartbeat beat;
  beat.device_id = text_of(build.device_id);
  beat.board = text_of(build.board);
  beat.version = text_of(build.version);
  beat.uptime_s = subject_.events.uptime_s();
  beat.rssi_dbm = subject_.machine.network.rssi_dbm();
  beat.free_heap_bytes = subject_.machine.system.free_heap_bytes();
  beat.ssid = text_of(ssid);
  beat.ip = text_of(address);
  beat.protocol = uplink_.speaks_v2() ? 2 : 1;
  beat.reset_reason = text_of(subject_.machine.system.reset_reason());
  beat.min_free_heap_bytes = subject_.machine.system.min_free_heap_bytes();
  beat.time_source = text_of(word_for(wall.source()));
  beat.clock_error_ms = wall.error_ms(now_ms);
  beat.knows_clock_error = beat.clock_error_ms >= 0;
  beat.frame_ms = (frame_us_ + 500) / 1000;
  beat.trust = text_of(word_of(settings.trust));
  beat.config_version = settings.version;
  beat.is_on_trial = on_trial;
  beat.ack = on_trial ? first_heartbeat_ + heartbeats_ : 0;
  JsonWriter out = uplink_.message(contract::kTopicHeartbeat);
  encode(beat, out);
  if (!uplink_.say(out)) return false;
  ++heartbeats_;
  return true;
}

bool Reports::say_info() {
  const Build& build = subject_.build;
  char panels[12];
  describe_rows(subject_.wall, panels, sizeof panels);
  const char* features[5];
  std::size_t count = 0;
  features[count++] = "signed_updates";
  features[count++] = "improv";
  if (subject_.machine.slot.can_roll_back()) features[count++] = "rollback";
  if (subject_.time.has_rtc()) features[count++] = "rtc";
  if (subject_.sensor.is_fitted()) features[count++] = "thermometer";
  Info info;
  info.device_id = text_of(build.device_id);
  info.board = text_of(build.board);
  info.platform = text_of(build.platform);
  info.version = text_of(build.version);
  info.chip = text_of(build.chip);
  info.flash_bytes = build.flash_bytes;
  info.mac = text_of(build.mac);
  info.sdk = text_of(build.sdk);
  info.boots = subject_.events.journal().boot();
  info.panels = text_of(panels);
  info.width = width_of(subject_.wall);
  info.height = height_of(subject_.wall);
  info.identity = text_of(subject_.settings.has_identity() ? "provisioned" : "shared");
  info.features = features;
  info.feature_count = count;
  JsonWriter out = uplink_.message(contract::kTopicInfo);
  encode(info, out);
  return uplink_.say(out);
}

bool Reports::say_events(std::uint32_t now_ms) {
  JsonWriter out = uplink_.message(contract::kTopicEvent);
  const std::uint32_t seq =
      subject_.events.journal().write_batch(text_of(subject_.build.device_id), now_ms, out);
  if (seq == 0) return subject_.events.journal().size() == 0;
  return uplink_.say(out);
}

bool Reports::say_answer() {
  const Answer& answer = answers_[0];
  CommandResult result;
  result.device_id = text_of(subject_.build.device_id);
  result.id = text_of(answer.id);
  result.result = text_of(answer.result);
  result.detail = text_of(answer.detail);
  JsonWriter out = uplink_.message(contract::kTopicCommandResult);
  encode(result, out);
  return uplink_.say(out);
}

bool Reports::say_config() {
  ConfigReport report;
  report.device_id = text_of(subject_.build.device_id);
  report.version = config_version_;
  report.result = text_of(word_for(config_.outcome));
  report.field = text_of(config_.field);
  JsonWriter out = uplink_.message(contract::kTopicConfigReport);
  if (!subject_.settings.report(report, out)) return false;
  return uplink_.say(out);
}

// The display's task may draw meanwhile: then the picture is taken again in the next loop.
bool Reports::say_snapshot() {
  const std::uint32_t turn = subject_.face.turn();
  if (turn % 2 != 0) return false;
  const Frame& frame = subject_.face.frame();
  Snapshot snapshot;
  snapshot.device_id = text_of(subject_.build.device_id);
  snapshot.width = frame.width;
  snapshot.height = frame.height;
  snapshot.bits = {frame.bits, static_cast<std::size_t>(frame.width) * frame.height / 4};
  for (std::size_t ink = 0; ink < 4; ++ink) {
    snapshot.palette[ink] = number_of(subject_.face.palette().colour[ink]);
  }
  JsonWriter out = uplink_.message(contract::kTopicSnapshot);
  encode(snapshot, out);
  return subject_.face.turn() == turn && uplink_.say(out);
}

void Reports::answer(const Command& command, const char* result, const char* detail) {
  if (answer_count_ == kAnswers) return;  // whoever floods a clock does not wait for answers
  Answer& answer = answers_[answer_count_++];
  std::memcpy(answer.id, command.id, sizeof answer.id);
  answer.result = result;
  answer.detail = detail;
}

void Reports::report_config(const ApplyResult& result, std::uint32_t version) {
  config_ = result;
  config_version_ = version;
  wants_config_ = true;
}

bool Reports::on_ack(const Ack& ack, std::uint32_t now_ms) {
  if (ack.events != 0) {
    subject_.events.journal().acknowledge(ack.events);
    events_.arm(now_ms, kEventsPauseMs);
  }
  return ack.heartbeat != 0 && ack.heartbeat - first_heartbeat_ < heartbeats_;
}

}  // namespace skiclock
