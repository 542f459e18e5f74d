// Everything about versions: asks what to run, installs it, proves it, tells how that ended.
#include "skiclock/app/update_desk.h"

#include "contract/contract.h"
#include "skiclock/update/text.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kHourMs = contract::kVersionRequestIntervalS * 1000;
constexpr std::uint32_t kBroadcastSpreadMs = 5000;
constexpr std::uint32_t kAskAgainMs = 300000;
// A request or its answer may be lost; until the server is known, it is asked more often.
constexpr std::uint32_t kNoAnswerMs = 20000;

UpdatePolicy policy_of(const Build& build) {
  UpdatePolicy policy;
  policy.platform = text_of(build.platform);
  policy.running_version = text_of(build.version);
  policy.keys.add(text_of(build.public_key));
  policy.keys.add(text_of(build.public_key_next));
  policy.image_kind = build.image_kind;
  policy.unpack_area_end = build.unpack_area_end;
  policy.min_free_heap_bytes = build.min_free_heap_bytes;
  policy.needs_line_alone = build.needs_line_alone;
  policy.connect_jitter_ms = build.connect_jitter_ms;
  policy.broadcast_jitter_ms = build.broadcast_jitter_ms;
  return policy;
}

}  // namespace

UpdateDesk::UpdateDesk(const Machine& machine, const Build& build, Uplink& uplink, EventLog& events)
    : build_(build),
      system_(machine.system),
      uplink_(uplink),
      events_(events),
      http_(machine.download),
      source_(http_, server_),
      records_(machine.store),
      updater_(policy_of(build),
               {machine.slot, source_, machine.sha256, machine.signatures, machine.system},
               records_, *this),
      trial_(machine.slot, records_, machine.system, build.trial_ms) {}

void UpdateDesk::begin(std::uint32_t now_ms) {
  trial_.begin(text_of(build_.version), now_ms);
  if (trial_.is_on_trial()) events_.note(EventKind::kUpdate, "on trial");
  has_result_of_before_ = records_.results.count() > 0;
}

// While the server still takes the interrupted update for running, it offers that one, which is
// over. Once a boot only, or a version that is refused would be asked for again and again.
void UpdateDesk::on_ack(const Ack& ack, std::uint32_t now_ms) {
  if (!records_.results.acknowledge(text_of(ack.session_id)) || !has_result_of_before_) return;
  has_result_of_before_ = false;
  ask_after(system_.random() % kBroadcastSpreadMs, UpdateTrigger::kConnect, now_ms);
}

void UpdateDesk::poll(bool is_network_up, std::uint32_t now_ms) {
  trial_.poll(now_ms, {is_network_up, uplink_.session().is_connected()});
  // What was offered meanwhile had to wait.
  if (was_on_trial_ && !trial_.is_on_trial()) ask_after(0, UpdateTrigger::kConnect, now_ms);
  was_on_trial_ = trial_.is_on_trial();
  updater_.poll(now_ms);
}

void UpdateDesk::on_connected(std::uint32_t now_ms) {
  records_.results.publish_again();
  ask_after(0, UpdateTrigger::kConnect, now_ms);
}

void UpdateDesk::on_published(std::uint32_t now_ms) {
  ask_after(system_.random() % kBroadcastSpreadMs, UpdateTrigger::kBroadcast, now_ms);
}

void UpdateDesk::check_now(std::uint32_t now_ms) { ask_after(0, UpdateTrigger::kCommand, now_ms); }

void UpdateDesk::ask_after(std::uint32_t delay_ms, UpdateTrigger trigger, std::uint32_t now_ms) {
  trigger_ = trigger;
  request_.arm(now_ms, delay_ms);
}

void UpdateDesk::on_response(const VersionResponse& response, std::uint32_t now_ms) {
  knows_server_ = true;
  const UpdateTrigger trigger = trigger_;
  ask_after(jittered(kHourMs, system_.random()), UpdateTrigger::kHourly, now_ms);
  if (!response.update_available) return;
  const UpdateOffer offer{text_of(response.session_id), text_of(response.latest_version),
                          response.size_bytes, text_of(response.sha256),
                          text_of(response.signature)};
  switch (updater_.offer(offer, trigger, now_ms)) {
    case OfferAnswer::kAccepted:
      break;
    case OfferAnswer::kBusy:
      ask_after(jittered(kAskAgainMs, system_.random()), trigger, now_ms);
      break;
    case OfferAnswer::kRefused:
      events_.note(EventKind::kUpdate, "refused");
      break;
  }
}

// Each is tried again in the next loop where the line was full.
void UpdateDesk::publish(std::uint32_t now_ms) {
  if (request_.is_due(now_ms) && ask()) {
    request_.arm(now_ms, knows_server_ ? jittered(kHourMs, system_.random()) : kNoAnswerMs);
  }
  if (must_say_started_ && say_started()) must_say_started_ = false;
  if (must_say_progress_ && !must_say_started_ && say_progress()) must_say_progress_ = false;
  if (must_say_installed_ && say_installed()) must_say_installed_ = false;
  // Who the server is decides on which topic it is told, and whether it will acknowledge.
  if (knows_server_) say_result(now_ms);
}

bool UpdateDesk::ask() {
  JsonWriter out = uplink_.message(contract::kTopicVersionRequest);
  VersionRequest request;
  request.device_id = text_of(build_.device_id);
  request.platform = text_of(build_.platform);
  request.current_version = text_of(build_.version);
  encode(request, out);
  return uplink_.say(out);
}

bool UpdateDesk::say_started() {
  JsonWriter out = uplink_.message(contract::kTopicOtaStart);
  encode(OtaStart{text_of(build_.device_id), text_of(build_.platform), text_of(build_.version),
                  updater_.new_version(), updater_.session_id()},
         out);
  return uplink_.say(out);
}

bool UpdateDesk::say_progress() {
  JsonWriter out = uplink_.message(contract::kTopicOtaProgress);
  encode(OtaProgress{text_of(build_.device_id), percent_, updater_.session_id()}, out);
  return uplink_.say(out);
}

bool UpdateDesk::say_installed() {
  JsonWriter out = uplink_.message(contract::kTopicOtaComplete);
  OtaComplete complete;
  complete.device_id = text_of(build_.device_id);
  complete.success = true;
  complete.session_id = updater_.session_id();
  encode(complete, out);
  return uplink_.say(out);
}

void UpdateDesk::say_result(std::uint32_t now_ms) {
  UpdateResult result;
  if (!records_.results.take_due(now_ms, &result)) return;
  JsonWriter out = uplink_.message(contract::kTopicOtaComplete);
  OtaComplete complete;
  complete.device_id = text_of(build_.device_id);
  complete.success = result.success;
  complete.error_message = text_of(result.reason);
  complete.session_id = text_of(result.session_id);
  complete.version = text_of(build_.version);
  complete.is_final = uplink_.speaks_v2();
  encode(complete, out);
  const bool is_said = uplink_.say(out);
  // A first-generation server acknowledges nothing: said once is all that can be done.
  if (is_said && !uplink_.speaks_v2()) {
    records_.results.acknowledge(text_of(result.session_id));
  }
}

void UpdateDesk::on_started(Text, Text) {
  must_say_started_ = true;
  must_say_progress_ = must_say_installed_ = false;
  events_.note(EventKind::kUpdate, "started");
}

void UpdateDesk::on_progress(Text, std::uint8_t percent) {
  percent_ = percent;
  must_say_progress_ = true;
}

void UpdateDesk::on_postponed(Text, const char*, std::uint32_t) {
  events_.note(EventKind::kUpdate, "postponed");
}

void UpdateDesk::on_failed(Text, const char*) {
  must_say_progress_ = false;
  events_.note(EventKind::kUpdate, "failed");
}

void UpdateDesk::on_installed(Text) {
  must_say_installed_ = true;
  events_.note(EventKind::kUpdate, "installed");
}

}  // namespace skiclock
