// What the server says to the clock, and what the clock makes of it.
#include "contract/contract.h"
#include "contract/messages.h"
#include "skiclock/app.h"
#include "skiclock/update/text.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kIdentifyS = 30;
constexpr std::uint32_t kMessageS = 60;
constexpr std::uint32_t kLongestS = 86400;

// Bounded, so that the milliseconds fit; `usual` where the command does not say.
std::uint32_t milliseconds_of(std::uint32_t seconds, std::uint32_t usual) {
  if (seconds == 0) seconds = usual;
  return (seconds < kLongestS ? seconds : kLongestS) * 1000;
}

const char* word_of(CommandKind kind) {
  switch (kind) {
    case CommandKind::kRestart:
      return contract::kCommandRestart;
    case CommandKind::kRollback:
      return contract::kCommandRollback;
    case CommandKind::kSnapshot:
      return contract::kCommandSnapshot;
    case CommandKind::kIdentify:
      return contract::kCommandIdentify;
    case CommandKind::kMessage:
      return contract::kCommandMessage;
    case CommandKind::kBrightness:
      return contract::kCommandBrightness;
    case CommandKind::kInfo:
      return contract::kCommandInfo;
    case CommandKind::kCheck:
      return contract::kCommandCheck;
    case CommandKind::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

void App::on_connected() {
  is_subscribed_ = uplink_.subscribe();
  settings_.confirm_connection();
  reports_.on_connected(now_ms_);
  updates_.on_connected(now_ms_);
}

void App::on_lost() {
  events_.note(EventKind::kBrokerLost, problem_text(uplink_.session().problem()));
}

void App::on_message(Text topic, Bytes payload, bool is_retained) {
  const Text text = text_of(payload);
  switch (uplink_.heard_on(topic)) {
    case Heard::kVersionResponse:
      return on_version_response(text);
    case Heard::kVersionUpdates:
      // Kept by the broker, it is no news; the clock asks when it connects anyway.
      if (!is_retained) updates_.on_published(now_ms_);
      return;
    case Heard::kAck:
      return on_ack(text);
    case Heard::kCommand:
      return on_command(text, is_retained);
    case Heard::kConfig:
      if (!is_retained) on_config(text);
      return;
    case Heard::kNothing:
      return;
  }
}

void App::on_version_response(Text payload) {
  VersionResponse response;
  if (!decode(payload, &response)) return;
  const bool speaks_v2 = response.protocol >= contract::kProtocol;
  const bool is_news = speaks_v2 && !uplink_.speaks_v2();
  uplink_.set_speaks_v2(speaks_v2);
  if (is_news) reports_.on_server_known(now_ms_);
  updates_.on_response(response, now_ms_);
}

void App::on_ack(Text payload) {
  Ack ack;
  if (!decode(payload, &ack)) return;
  updates_.on_ack(ack, now_ms_);
  if (reports_.on_ack(ack, now_ms_)) updates_.trial().on_heartbeat_acknowledged();
}

void App::on_command(Text payload, bool is_retained) {
  Command command;
  if (!decode(payload, &command)) return;
  switch (gate_.judge(command, is_retained, time_.unix_s(now_ms_))) {
    case CommandVerdict::kIgnore:
      return;
    case CommandVerdict::kExpired:
      return reports_.answer(command, contract::kResultExpired, "");
    case CommandVerdict::kUndatable:
      return reports_.answer(command, contract::kResultRefused, "the time is not known");
    case CommandVerdict::kUnknown:
      return reports_.answer(command, contract::kResultRefused, "not known to this version");
    case CommandVerdict::kCarryOut:
      events_.note(EventKind::kCommand, word_of(command.kind));
      return carry_out(command);
  }
}

void App::carry_out(const Command& command) {
  switch (command.kind) {
    case CommandKind::kRestart:
      end(Ending::kRestart);
      break;
    case CommandKind::kRollback:
      return roll_back_for(command);
    case CommandKind::kSnapshot:
      reports_.want_snapshot();
      break;
    case CommandKind::kIdentify:
      face_.change([](FaceState& shown) { shown.view.identify = true; });
      identify_.arm(now_ms_, milliseconds_of(command.seconds, kIdentifyS));
      break;
    case CommandKind::kMessage:
      face_.change([&](FaceState& shown) {
        set_message(shown.view, text_of(command.text), now_ms_,
                    milliseconds_of(command.seconds, kMessageS));
      });
      break;
    case CommandKind::kBrightness:
      face_.change([&](FaceState& shown) { shown.light.commanded = command.level; });
      brightness_.disarm();
      if (command.seconds > 0) brightness_.arm(now_ms_, milliseconds_of(command.seconds, 0));
      break;
    case CommandKind::kInfo:
      reports_.want_info();
      break;
    case CommandKind::kCheck:
      updates_.check_now(now_ms_);
      break;
    case CommandKind::kUnknown:
      return;
  }
  reports_.answer(command, contract::kResultDone, "");
}

void App::roll_back_for(const Command& command) {
  if (!machine_.slot.can_roll_back()) {
    return reports_.answer(command, contract::kResultRefused, "this chip cannot go back");
  }
  reports_.answer(command, contract::kResultDone, "");
  end(Ending::kRollBack);
}

void App::on_config(Text payload) {
  Config config;
  if (!decode(payload, &config)) return;
  const ApplyResult result = settings_.apply(config.settings, config.version);
  events_.note(EventKind::kConfig, word_for(result.outcome));
  reports_.report_config(result, config.version);
  if (result.outcome == ApplyResult::Outcome::kApplied) change_settings(result.changed);
}

void App::change_settings(std::uint8_t groups) {
  use_settings();
  // `watch_line` says goodbye first, so that the broker does not publish the last will.
  if ((groups & kGroupConnection) != 0) must_reconnect_ = true;
}

}  // namespace skiclock
