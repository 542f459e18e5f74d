// Everything about versions: asks what to run, installs it, proves it, tells how that ended.
#pragma once

#include <cstdint>

#include "contract/messages.h"
#include "skiclock/app/build.h"
#include "skiclock/app/event_log.h"
#include "skiclock/app/machine.h"
#include "skiclock/app/timer.h"
#include "skiclock/app/uplink.h"
#include "skiclock/net/http_get.h"
#include "skiclock/update/http_source.h"
#include "skiclock/update/records.h"
#include "skiclock/update/trial.h"
#include "skiclock/update/updater.h"

namespace skiclock {

class UpdateDesk : private UpdateListener {
 public:
  UpdateDesk(const Machine& machine, const Build& build, Uplink& uplink, EventLog& events);

  // Once, at boot, before the first connection.
  void begin(std::uint32_t now_ms);
  // Where images come from; before the first `poll`, and whenever settings change.
  void use(const ImageServer& server) { server_ = server; }

  // Each loop.
  void poll(bool is_network_up, std::uint32_t now_ms);
  // Each loop with a connection: says what is due and has room.
  void publish(std::uint32_t now_ms);
  // Whether reports of the running update still wait to be sent.
  bool has_news() const { return must_say_started_ || must_say_installed_; }
  void on_connected(std::uint32_t now_ms);
  // Firmware was published: every clock hears it at once.
  void on_published(std::uint32_t now_ms);
  // An admin wants it now.
  void check_now(std::uint32_t now_ms);
  void on_response(const VersionResponse& response, std::uint32_t now_ms);
  void on_ack(const Ack& ack, std::uint32_t now_ms);

  Trial& trial() { return trial_; }
  const Trial& trial() const { return trial_; }
  const Updater& updater() const { return updater_; }
  // Whether a server has said which version to run since the start: then it is known what it
  // speaks.
  bool knows_server() const { return knows_server_; }

 private:
  void on_started(Text session_id, Text new_version) override;
  void on_progress(Text session_id, std::uint8_t percent) override;
  void on_postponed(Text session_id, const char* reason, std::uint32_t delay_ms) override;
  void on_failed(Text session_id, const char* reason) override;
  void on_installed(Text session_id) override;

  void ask_after(std::uint32_t delay_ms, UpdateTrigger trigger, std::uint32_t now_ms);
  bool ask();
  bool say_started();
  bool say_progress();
  bool say_installed();
  void say_result(std::uint32_t now_ms);

  const Build& build_;
  SystemPort& system_;
  Uplink& uplink_;
  EventLog& events_;
  ImageServer server_;
  HttpGet http_;
  HttpImageSource source_;
  UpdateRecords records_;
  Updater updater_;
  Trial trial_;
  Timer request_;
  UpdateTrigger trigger_ = UpdateTrigger::kConnect;
  bool knows_server_ = false;
  bool was_on_trial_ = false;
  bool has_result_of_before_ = false;  // an update that ended with the last run
  bool must_say_started_ = false;
  bool must_say_progress_ = false;
  bool must_say_installed_ = false;
  std::uint8_t percent_ = 0;
};

}  // namespace skiclock
