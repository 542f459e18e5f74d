// The update under way, as a restart finds it: how far it had come, and what to make of that.
#pragma once

#include "skiclock/ports.h"
#include "skiclock/update/result_store.h"

namespace skiclock {

enum class AttemptPhase : std::uint8_t {
  kDownloading = 1,  // nothing has been switched
  kSwitching = 2,    // verified; the boot flag may or may not have been set
  kSwitched = 3,     // the boot flag is set, the new image has not reported yet
  kOnTrial = 4,      // the new image has started
  kRollingBack = 5,  // the new image gave up, for `reason`
};

struct Attempt {
  AttemptPhase phase = AttemptPhase::kDownloading;
  char session_id[kMaxSessionLength + 1] = "";
  char old_version[kMaxVersionLength + 1] = "";
  char new_version[kMaxVersionLength + 1] = "";
  char reason[kMaxReasonLength + 1] = "";
};

// One record ("update"); written a few times an update, absent between updates.
class AttemptStore {
 public:
  explicit AttemptStore(StorePort& store) : store_(store) {}
  bool read(Attempt* attempt);
  bool write(const Attempt& attempt);
  bool erase();

 private:
  StorePort& store_;
};

// Which program a restart found running.
enum class Running : std::uint8_t {
  kNew,    // the version that was to be installed
  kOld,    // the version before
  kOther,  // neither
};

// What a restart makes of the attempt that it finds.
enum class Verdict : std::uint8_t {
  kInterrupted,  // failed before the switch; may be tried again
  kBeginTrial,   // the new image must prove itself
  kSucceeded,    // the new image stays
  kStrike,       // fell back, perhaps only because the power was cut: a second time is the last
  kRefuse,       // fell back by its own fault: never again
  kRollBack,     // what runs must not stay: go back
  kStuck,        // it should have gone back and could not
};

// `on_trial`: the boot loader will go back unless told otherwise. `power_was_cut`: this start
// does not follow from anything that the program did.
Verdict judge(AttemptPhase phase, Running running, bool on_trial, bool power_was_cut);

}  // namespace skiclock
