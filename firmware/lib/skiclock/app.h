// The clock: all parts made and handed to each other. The same on every chip and on Linux.
#pragma once

#include <atomic>
#include <cstdint>

#include "skiclock/app/build.h"
#include "skiclock/app/command_gate.h"
#include "skiclock/app/event_log.h"
#include "skiclock/app/face.h"
#include "skiclock/app/machine.h"
#include "skiclock/app/reports.h"
#include "skiclock/app/sensor.h"
#include "skiclock/app/time_keeper.h"
#include "skiclock/app/timer.h"
#include "skiclock/app/update_desk.h"
#include "skiclock/app/uplink.h"
#include "skiclock/config/settings_store.h"
#include "skiclock/light/status_led.h"
#include "skiclock/net/improv.h"

namespace skiclock {

// All three arguments outlive it. `begin` before anything else; then `loop` as often as can be
// from one task and `render` 20 to 50 times a second from the same or another one.
class App : private MqttListener {
 public:
  App(const Machine& machine, const Build& build, const Wall& wall);

  void begin(std::uint32_t now_ms);
  void loop(std::uint32_t now_ms);
  void render(std::uint32_t now_ms) { face_.render(now_ms); }

  // Says goodbye to the broker and does nothing more; `has_left` tells when (where a program ends).
  void leave(std::uint32_t now_ms);
  bool has_left() const { return ending_ == Ending::kLeave && uplink_.is_gone(); }

  // For the status LED's interrupt, which may come at any time.
  std::uint32_t led_pattern() const { return led_pattern_.load(std::memory_order_relaxed); }
  // How long the last frame took, drawn and sent to the LEDs.
  void set_frame_us(std::uint32_t frame_us) { reports_.set_frame_us(frame_us); }
  // A sensor, a library or a port has something for the journal.
  EventLog& events() { return events_; }

  // What is going on, for whoever shows it: a terminal, a test.
  Light light() const { return light_; }
  const Settings& settings() const { return settings_.settings(); }
  const Uplink& uplink() const { return uplink_; }
  const UpdateDesk& updates() const { return updates_; }
  const TimeKeeper& time() const { return time_; }
  const Face& face() const { return face_; }

 private:
  // What the clock is about to do once the server knows.
  enum class Ending : std::uint8_t {
    kNone,          // nothing: it goes on
    kRestart,       // by command, or into a new image
    kRollBack,      // by command: into the image before
    kFactoryReset,  // by the button: forgets what was set
    kLeave,         // nothing more: whoever runs it ends
  };

  void on_connected() override;
  void on_message(Text topic, Bytes payload, bool is_retained) override;
  void on_acknowledged(std::uint16_t) override {}
  void on_lost() override;

  void use_settings();
  void connect();
  void watch_network();
  void watch_memory();
  void watch_button();
  void watch_line();
  void publish();
  void show();
  void end(Ending ending);
  void poll_ending();

  void on_version_response(Text payload);
  void on_command(Text payload, bool is_retained);
  void on_config(Text payload);
  void on_ack(Text payload);
  void carry_out(const Command& command);
  void roll_back_for(const Command& command);
  void change_settings(std::uint8_t groups);

  const Machine& machine_;
  const Build& build_;
  Wall wall_;
  std::uint32_t now_ms_ = 0;

  SettingsStore settings_;
  TimeKeeper time_;
  EventLog events_;
  Sensor sensor_;
  Face face_;
  Uplink uplink_;
  UpdateDesk updates_;
  CommandGate gate_;
  Improv improv_;
  Reports reports_;

  Timer show_;
  Timer identify_;
  Timer brightness_;
  Timer memory_;
  Light light_ = Light::kOffline;
  std::atomic<std::uint32_t> led_pattern_{skiclock::led_pattern(Light::kOffline)};
  Ending ending_ = Ending::kNone;
  std::uint32_t ending_since_ms_ = 0;
  std::uint32_t wifi_lost_ms_ = 0;
  std::uint32_t presses_ = 0;
  bool was_up_ = false;
  bool was_ever_up_ = false;
  bool was_portal_open_ = false;
  bool is_subscribed_ = false;
  bool must_reconnect_ = false;
  bool is_line_lent_ = false;
};

}  // namespace skiclock
