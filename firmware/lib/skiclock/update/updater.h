// Takes an offered image from the server to the other slot, verifies it and makes it boot next.
#pragma once

#include "skiclock/ports.h"
#include "skiclock/update/download.h"
#include "skiclock/update/image.h"
#include "skiclock/update/offer.h"
#include "skiclock/update/records.h"
#include "skiclock/update/statement.h"
#include "skiclock/update/update_state.h"

namespace skiclock {

// Why the clock had asked; says how long it may wait for its turn.
enum class UpdateTrigger : std::uint8_t {
  kHourly,     // every clock at its own time: no need to wait
  kConnect,    // after an outage all clocks come back together
  kBroadcast,  // all clocks at once
  kCommand,    // an admin looks on: at once
};

// What became of an offer.
enum class OfferAnswer : std::uint8_t {
  kAccepted,  // it is being installed, or waits for its turn
  kBusy,      // another one is, or the running image is still on trial: ask again later
  kRefused,   // never; a result with the reason is kept for the server
};

struct UpdatePolicy {
  Text platform;         // must outlive the updater
  Text running_version;  // likewise
  PublicKeys keys;
  ImageKind image_kind = ImageKind::kAny;
  // End of the flash that images may use (ESP8266), for the unpacking rule; 0: no gzip.
  std::uint32_t unpack_area_end = 0;
  std::uint32_t min_free_heap_bytes = 0;
  // Two TLS connections do not fit in memory: the broker's is to be closed meanwhile.
  bool needs_line_alone = false;
  std::uint32_t connect_jitter_ms = 30000;
  std::uint32_t broadcast_jitter_ms = 120000;
  std::uint32_t verify_bytes_per_poll = 4096;
};

struct UpdatePorts {
  SlotPort& slot;
  DownloadSource& source;
  Sha256Port& sha256;
  SignaturePort& signatures;
  SystemPort& system;
};

// What happens to an update, for v1's reports, the panel and the journal. Called from `offer` and
// `poll`; must not call back.
class UpdateListener {
 public:
  virtual ~UpdateListener() = default;
  // Once a session (v1's `ota/start`).
  virtual void on_started(Text session_id, Text new_version) = 0;
  // Every 5 % or 2 s (v1's `ota/progress`).
  virtual void on_progress(Text session_id, std::uint8_t percent) = 0;
  // Not now, for this reason; tried again after `delay_ms`.
  virtual void on_postponed(Text session_id, const char* reason, std::uint32_t delay_ms) = 0;
  // The last word of an update that did not come to the switch. The same stands in the results.
  virtual void on_failed(Text session_id, const char* reason) = 0;
  // Verified and switched; the restart is wanted now (v1's `ota/complete` before the reboot).
  virtual void on_installed(Text session_id) = 0;
};

class Updater : private DownloadSink {
 public:
  Updater(const UpdatePolicy& policy, const UpdatePorts& ports, UpdateRecords& records,
          UpdateListener& listener)
      : policy_(policy), ports_(ports), records_(records), listener_(listener) {}

  // Checks the signature, so it may block as long as that takes. The same session again, or the
  // same version while it waits, is not a second update; `kCommand` ends the wait.
  OfferAnswer offer(const UpdateOffer& offer, UpdateTrigger trigger, std::uint32_t now_ms);
  // A step. Blocks at most as long as one port call does.
  void poll(std::uint32_t now_ms);

  UpdateState state() const { return state_; }
  // For the panel and the LED: from the first byte to the restart.
  bool is_active() const { return state_ != UpdateState::kIdle && state_ != UpdateState::kWaiting; }
  std::uint8_t percent() const;
  // The update that runs or ran last; empty where there was none.
  Text session_id() const { return text_of(offer_.session_id); }
  Text new_version() const { return text_of(offer_.version); }
  // While true the app keeps the broker's connection closed (see UpdatePolicy).
  bool wants_line_alone() const;
  // The app says goodbye to the broker and restarts.
  bool wants_restart() const { return state_ == UpdateState::kRestarting; }

 private:
  bool on_head(const DownloadHead& head) override;
  bool on_body(Bytes piece) override;

  const char* problem_with(const UpdateOffer& offer, CheckedOffer* checked);
  bool is_signed_by_known_key(const CheckedOffer& offer);
  void refuse(const UpdateOffer& offer, const char* reason, std::uint32_t now_ms);
  std::uint32_t jitter_ms(UpdateTrigger trigger);
  void happened(UpdateEvent event, std::uint32_t now_ms);
  void prepare(std::uint32_t now_ms);
  bool announce(std::uint32_t now_ms);
  void postpone(std::uint32_t now_ms);
  void receive(std::uint32_t now_ms);
  bool empty_slot();
  void take_up(DownloadState download, std::uint32_t now_ms);
  void pause(std::uint32_t now_ms);
  void start_over(std::uint32_t now_ms);
  void report_progress(std::uint32_t now_ms);
  void read_back(std::uint32_t now_ms);
  void check_hash(std::uint32_t now_ms);
  void check_signature(std::uint32_t now_ms);
  void switch_over(std::uint32_t now_ms);
  void fail(const char* reason, std::uint32_t now_ms);
  void keep_result(Text session_id, Text version, const char* reason);
  bool note(AttemptPhase phase);

  UpdatePolicy policy_;
  UpdatePorts ports_;
  UpdateRecords& records_;
  UpdateListener& listener_;

  UpdateState state_ = UpdateState::kIdle;
  std::uint32_t entered_ms_ = 0;  // the state
  std::uint32_t delay_ms_ = 0;    // of kWaiting and kPausing
  std::uint32_t stored_bytes_ = 0;
  std::uint32_t hashed_bytes_ = 0;
  std::uint32_t asked_at_byte_ = 0;  // what was stored when the connection was opened
  std::uint32_t reported_ms_ = 0;
  std::uint32_t refused_ms_ = 0;
  std::uint8_t reported_percent_ = 0;
  std::uint8_t postponements_ = 0;
  std::uint8_t breaks_ = 0;         // since the start
  std::uint8_t barren_breaks_ = 0;  // in a row, without a byte in between
  std::uint8_t restarts_ = 0;       // from the first byte
  bool has_refused_ = false;
  bool is_announced_ = false;
  bool is_asked_ = false;
  bool is_changed_ = false;             // the sink saw another image than before
  const char* sink_problem_ = nullptr;  // why the sink ended the download
  char etag_[80] = "";
  CheckedOffer offer_;
};

}  // namespace skiclock
