// The update under way, as a restart finds it.
#include "skiclock/update/attempt.h"

#include "skiclock/update/update_record.h"

namespace skiclock {
namespace {

constexpr char kKey[] = "update";

using P = AttemptPhase;
using R = Running;
using V = Verdict;

struct Row {
  P phase;
  R running;
  V on_trial;   // the boot loader waits for a confirmation
  V settled;    // it does not, and the restart followed from the program
  V power_cut;  // it does not, and the power had been away
};

constexpr Row kVerdicts[] = {
    {P::kDownloading, R::kNew, V::kBeginTrial, V::kSucceeded, V::kSucceeded},
    {P::kDownloading, R::kOld, V::kInterrupted, V::kInterrupted, V::kInterrupted},
    {P::kDownloading, R::kOther, V::kInterrupted, V::kInterrupted, V::kInterrupted},
    // Nobody knows whether the flag was set: two tries at most.
    {P::kSwitching, R::kNew, V::kBeginTrial, V::kSucceeded, V::kSucceeded},
    {P::kSwitching, R::kOld, V::kRollBack, V::kStrike, V::kStrike},
    {P::kSwitching, R::kOther, V::kRollBack, V::kStrike, V::kStrike},
    {P::kSwitched, R::kNew, V::kBeginTrial, V::kSucceeded, V::kSucceeded},
    // On trial under another name than it was offered by: it would be offered for ever.
    {P::kSwitched, R::kOld, V::kRollBack, V::kRefuse, V::kStrike},
    {P::kSwitched, R::kOther, V::kRollBack, V::kRefuse, V::kStrike},
    // On trial for the second time: the boot loader should have gone back.
    {P::kOnTrial, R::kNew, V::kRollBack, V::kSucceeded, V::kSucceeded},
    {P::kOnTrial, R::kOld, V::kRollBack, V::kRefuse, V::kStrike},
    {P::kOnTrial, R::kOther, V::kRollBack, V::kRefuse, V::kStrike},
    {P::kRollingBack, R::kNew, V::kRollBack, V::kStuck, V::kStuck},
    {P::kRollingBack, R::kOld, V::kRefuse, V::kRefuse, V::kRefuse},
    {P::kRollingBack, R::kOther, V::kRefuse, V::kRefuse, V::kRefuse},
};

bool is_phase(std::uint8_t byte) {
  return byte >= static_cast<std::uint8_t>(P::kDownloading) &&
         byte <= static_cast<std::uint8_t>(P::kRollingBack);
}

}  // namespace

bool AttemptStore::read(Attempt* attempt) {
  std::uint8_t buffer[kMaxUpdateRecordBytes];
  const std::size_t size = store_.read(kKey, buffer, sizeof buffer);
  RecordReader record(RecordKind::kAttempt, {buffer, size});
  Attempt found;
  const std::uint8_t phase = record.take_byte();
  record.take_text(found.session_id);
  record.take_text(found.old_version);
  record.take_text(found.new_version);
  record.take_text(found.reason);
  if (!record.is_at_end() || !is_phase(phase)) return false;
  found.phase = static_cast<P>(phase);
  *attempt = found;
  return true;
}

bool AttemptStore::write(const Attempt& attempt) {
  RecordWriter record;
  record.add_byte(static_cast<std::uint8_t>(attempt.phase)).add_text(attempt.session_id);
  record.add_text(attempt.old_version).add_text(attempt.new_version).add_text(attempt.reason);
  const Bytes bytes = record.finish(RecordKind::kAttempt);
  return bytes.size > 0 && store_.write(kKey, bytes);
}

bool AttemptStore::erase() { return store_.erase(kKey); }

Verdict judge(AttemptPhase phase, Running running, bool on_trial, bool power_was_cut) {
  for (const Row& row : kVerdicts) {
    if (row.phase != phase || row.running != running) continue;
    return on_trial ? row.on_trial : power_was_cut ? row.power_cut : row.settled;
  }
  return V::kInterrupted;
}

}  // namespace skiclock
