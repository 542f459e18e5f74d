// The first minutes of a new image: it stays once it has proved that it can be reached, else the
// clock goes back. Also what a restart makes of the update before it.
#pragma once

#include "skiclock/ports.h"
#include "skiclock/update/records.h"

namespace skiclock {

inline constexpr std::uint32_t kTrialMs = 180000;

// What works right now.
struct TrialSigns {
  bool wifi = false;
  bool broker = false;
};

enum class TrialState : std::uint8_t {
  kNone,         // the running image stays
  kRunning,      // it must still prove itself
  kRollingBack,  // it failed; the restart is under way
};

class Trial {
 public:
  Trial(SlotPort& slot, UpdateRecords& records, SystemPort& system,
        std::uint32_t length_ms = kTrialMs)
      : slot_(slot), records_(records), system_(system), length_ms_(length_ms) {}

  // Once, at boot, before anything else of updates: concludes the update before the restart and
  // begins the trial of a new image. `running_version` must outlive the trial.
  void begin(Text running_version, std::uint32_t now_ms);
  // Ends the trial by going back once its time (3 minutes) has passed.
  void poll(std::uint32_t now_ms, const TrialSigns& signs);
  // `ack/<id>` named a heartbeat of this run: the proof.
  void on_heartbeat_acknowledged();
  // By command or because the image knows that it is broken. The version is not tried again.
  // Returns only where there is nothing to go back to (or the machine restarts a moment later).
  void roll_back(const char* reason);

  TrialState state() const { return state_; }
  // For the heartbeat's `trial`, and reason enough to ask for an acknowledgement of it.
  bool is_on_trial() const { return state_ != TrialState::kNone; }

 private:
  void carry_out(Verdict verdict, Attempt& attempt, std::uint32_t now_ms);
  Attempt attempt_that_runs();
  void start(Attempt& attempt, std::uint32_t now_ms);
  void conclude(const Attempt& attempt, bool success, const char* reason);

  SlotPort& slot_;
  UpdateRecords& records_;
  SystemPort& system_;
  std::uint32_t length_ms_;
  Text running_version_;
  TrialState state_ = TrialState::kNone;
  std::uint32_t began_ms_ = 0;
  bool had_wifi_ = false;
  bool had_broker_ = false;
};

}  // namespace skiclock
