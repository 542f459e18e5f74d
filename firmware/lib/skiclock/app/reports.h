// What the clock tells of itself: heartbeats, what it is made of, events, answers to the server.
#pragma once

#include <array>
#include <cstdint>

#include "contract/messages.h"
#include "skiclock/app/build.h"
#include "skiclock/app/event_log.h"
#include "skiclock/app/face.h"
#include "skiclock/app/machine.h"
#include "skiclock/app/sensor.h"
#include "skiclock/app/time_keeper.h"
#include "skiclock/app/timer.h"
#include "skiclock/app/uplink.h"
#include "skiclock/config/settings_store.h"
#include "skiclock/update/trial.h"

namespace skiclock {

// All of a clock that reports speak of.
struct Subject {
  const Machine& machine;
  const Build& build;
  const Wall& wall;
  const SettingsStore& settings;
  const TimeKeeper& time;
  const Sensor& sensor;
  const Trial& trial;
  Face& face;
  EventLog& events;
};

class Reports {
 public:
  Reports(const Subject& subject, Uplink& uplink) : subject_(subject), uplink_(uplink) {}

  // A session began; nothing that was said before is known to have arrived.
  void on_connected(std::uint32_t now_ms);
  // The server turned out to speak v2: it is told what only such a server takes.
  void on_server_known(std::uint32_t now_ms);
  // Publishes what is due and has room.
  void publish(std::uint32_t now_ms);
  // Whether an answer still waits to be sent.
  bool has_answers() const { return uplink_.speaks_v2() && (answer_count_ > 0 || wants_config_); }

  void want_info() { wants_info_ = true; }
  void want_snapshot() { wants_snapshot_ = true; }
  void answer(const Command& command, const char* result, const char* detail);
  void report_config(const ApplyResult& result, std::uint32_t version);
  // True where it names a heartbeat of this boot.
  bool on_ack(const Ack& ack, std::uint32_t now_ms);
  void set_frame_us(std::uint32_t frame_us) { frame_us_ = frame_us; }

 private:
  // An answer to a command, until there is room for it.
  struct Answer {
    char id[kIdCapacity];
    const char* result;
    const char* detail;
  };
  static constexpr std::size_t kAnswers = 3;

  bool say_heartbeat(std::uint32_t now_ms);
  bool say_info();
  bool say_events(std::uint32_t now_ms);
  bool say_answer();
  bool say_config();
  bool say_snapshot();

  Subject subject_;
  Uplink& uplink_;
  Timer heartbeat_;
  Timer events_;
  std::uint32_t heartbeats_ = 0;
  std::uint32_t first_heartbeat_ = 0;  // the number of the first
  std::uint32_t frame_us_ = 0;
  bool wants_status_ = false;
  bool wants_info_ = false;
  bool wants_snapshot_ = false;
  bool wants_config_ = false;
  ApplyResult config_;
  std::uint32_t config_version_ = 0;
  std::array<Answer, kAnswers> answers_{};
  std::size_t answer_count_ = 0;
};

}  // namespace skiclock
