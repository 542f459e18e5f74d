// The first minutes of a new image.
#include "skiclock/update/trial.h"

#include "skiclock/update/text.h"

namespace skiclock {
namespace {

// Restarts that do not follow from anything that the program did.
bool is_power_cut(const char* reset_reason) {
  const Text reason = text_of(reset_reason);
  return reason == text_of("power_on") || reason == text_of("brownout") ||
         reason == text_of("external");
}

Running running_of(const Attempt& attempt, Text running_version) {
  if (running_version == text_of(attempt.new_version)) return Running::kNew;
  if (running_version == text_of(attempt.old_version)) return Running::kOld;
  return Running::kOther;
}

const char* words_for(AttemptPhase phase) {
  switch (phase) {
    case AttemptPhase::kDownloading:
      return "the clock restarted before the update was complete";
    case AttemptPhase::kSwitching:
      return "the clock restarted while it switched to the new version";
    case AttemptPhase::kSwitched:
      return "the new version did not start";
    case AttemptPhase::kOnTrial:
      return "the new version restarted while on trial";
    case AttemptPhase::kRollingBack:
      break;
  }
  return "the new version gave up";
}

const char* missing(bool had_wifi, bool had_broker) {
  if (!had_wifi) return "no Wi-Fi";
  return had_broker ? "broker, but no acknowledged heartbeat" : "Wi-Fi, but no broker";
}

}  // namespace

void Trial::begin(Text running_version, std::uint32_t now_ms) {
  running_version_ = running_version;
  records_.results.begin();
  const bool on_trial = slot_.boot_state() == BootState::kOnTrial;
  Attempt attempt;
  if (records_.attempt.read(&attempt)) {
    const Running running = running_of(attempt, running_version);
    const bool power_was_cut = is_power_cut(system_.reset_reason());
    carry_out(judge(attempt.phase, running, on_trial, power_was_cut), attempt, now_ms);
  }
  // A new image without an update that we know of: put there by an older firmware, say.
  if (state_ == TrialState::kNone && slot_.boot_state() == BootState::kOnTrial) {
    Attempt unknown = attempt_that_runs();
    start(unknown, now_ms);
  }
}

void Trial::carry_out(Verdict verdict, Attempt& attempt, std::uint32_t now_ms) {
  char reason[kMaxReasonLength + 1];
  TextBuilder words(reason, sizeof reason);
  words.add(attempt.reason[0] != '\0' ? attempt.reason : words_for(attempt.phase));
  if (attempt.reason[0] == '\0') words.add(" (").add(system_.reset_reason()).add(")");
  switch (verdict) {
    case Verdict::kBeginTrial:
      return start(attempt, now_ms);
    case Verdict::kSucceeded:
      return conclude(attempt, true, "");
    case Verdict::kRefuse:
      records_.refused.add(text_of(attempt.new_version), running_version_);
      return conclude(attempt, false, reason);
    case Verdict::kStrike:
      records_.refused.strike(text_of(attempt.new_version), text_of(attempt.session_id),
                              running_version_);
      return conclude(attempt, false, reason);
    case Verdict::kStuck:
      words.add("; there is nothing to go back to");
      return conclude(attempt, false, reason);
    case Verdict::kInterrupted:
      return conclude(attempt, false, reason);
    case Verdict::kRollBack:
      break;
  }
  if (text_of(attempt.new_version) != running_version_) {
    words = TextBuilder(reason, sizeof reason);
    words.add("the new image calls itself ").add(running_version_);
  }
  roll_back(reason);
}

void Trial::poll(std::uint32_t now_ms, const TrialSigns& signs) {
  if (state_ != TrialState::kRunning) return;
  had_wifi_ = had_wifi_ || signs.wifi;
  had_broker_ = had_broker_ || signs.broker;
  if (now_ms - began_ms_ < length_ms_) return;
  char reason[kMaxReasonLength + 1];
  TextBuilder words(reason, sizeof reason);
  words.add(missing(had_wifi_, had_broker_)).add(" within ").add_number(length_ms_ / 1000);
  words.add(" s on the new version");
  roll_back(reason);
}

void Trial::on_heartbeat_acknowledged() {
  if (state_ != TrialState::kRunning) return;
  // Confirmed first: a power cut in between is found at the next boot, and told then.
  slot_.confirm();
  state_ = TrialState::kNone;
  Attempt attempt;
  if (records_.attempt.read(&attempt)) conclude(attempt, true, "");
}

void Trial::roll_back(const char* reason) {
  Attempt attempt = attempt_that_runs();
  attempt.phase = AttemptPhase::kRollingBack;
  TextBuilder(attempt.reason, sizeof attempt.reason).add(reason);
  records_.attempt.write(attempt);
  state_ = TrialState::kRollingBack;
  slot_.roll_back();
  // Still here: there is nothing to go back to. What runs stays, or the next restart would fail.
  slot_.confirm();
  state_ = TrialState::kNone;
  TextBuilder words(attempt.reason, sizeof attempt.reason);
  words.add(reason).add("; there is nothing to go back to");
  conclude(attempt, false, attempt.reason);
}

// The update that put the running image here, or one made up for an image that none is known of.
Attempt Trial::attempt_that_runs() {
  Attempt attempt;
  const bool is_known = records_.attempt.read(&attempt);
  if (is_known && attempt.phase != AttemptPhase::kDownloading) return attempt;
  if (is_known) conclude(attempt, false, "the clock was told to go back meanwhile");
  attempt = {};
  copy_text(running_version_, attempt.new_version);
  return attempt;
}

void Trial::start(Attempt& attempt, std::uint32_t now_ms) {
  attempt.phase = AttemptPhase::kOnTrial;
  records_.attempt.write(attempt);
  state_ = TrialState::kRunning;
  began_ms_ = now_ms;
}

void Trial::conclude(const Attempt& attempt, bool success, const char* reason) {
  UpdateResult result;
  TextBuilder(result.session_id, sizeof result.session_id).add(attempt.session_id);
  TextBuilder(result.old_version, sizeof result.old_version).add(attempt.old_version);
  TextBuilder(result.new_version, sizeof result.new_version).add(attempt.new_version);
  TextBuilder(result.reason, sizeof result.reason).add(reason);
  result.success = success;
  // Kept before the attempt is forgotten; both again after a power cut in between.
  records_.results.add(result);
  records_.attempt.erase();
}

}  // namespace skiclock
