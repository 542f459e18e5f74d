// The clock: all parts made and handed to each other.
#include "skiclock/app.h"

#include <cstring>

namespace skiclock {
namespace {

constexpr std::uint32_t kShowEveryMs = 100;
constexpr std::uint32_t kMemoryEveryMs = 600000;
// Long enough for a goodbye over a slow network, short enough for who waits for the restart.
constexpr std::uint32_t kGoodbyeMs = 3000;
constexpr char kPortalHint[] = "Wi-Fi: SkiClock-Setup ";

// All of it, frame and buffers included, leaves the ESP8266 its memory for TLS.
static_assert(sizeof(void*) != 4 || sizeof(App) <= 8192, "the core takes more than 8 kB");

// Where Wi-Fi is set up, and what to type there; "" while nobody can.
void show_portal(View& view, bool is_open, NetworkPort& network) {
  char hint[kHintBytes] = "";
  if (is_open) {
    std::strncpy(hint, kPortalHint, sizeof hint - 1);
    std::strncat(hint, network.portal_password(), sizeof hint - sizeof kPortalHint);
  }
  set_wifi_hint(view, text_of(hint));
}

ImprovDevice improv_device(const Build& build, const Settings& settings) {
  return {"Ski Clock Neo", build.version, build.chip, settings.name, settings.server_url};
}

}  // namespace

App::App(const Machine& machine, const Build& build, const Wall& wall)
    : machine_(machine),
      build_(build),
      wall_(wall),
      settings_(machine.store, build.defaults),
      time_(machine.rtc, machine.udp, machine.system),
      events_(machine.store, time_.wall()),
      sensor_(machine.thermometer),
      face_(wall_, machine.panels, machine.button),
      uplink_(machine.broker, machine.system, *this),
      updates_(machine, build, uplink_, events_),
      gate_(machine.store),
      improv_(machine.serial, machine.network, improv_device(build, settings_.settings())),
      reports_(
          {machine_, build_, wall_, settings_, time_, sensor_, updates_.trial(), face_, events_},
          uplink_) {}

void App::begin(std::uint32_t now_ms) {
  now_ms_ = now_ms;
  settings_.load();
  set_rows(wall_, text_of(settings().panels));
  events_.begin(machine_.system.reset_reason(), now_ms);
  gate_.begin();
  time_.begin(now_ms);
  updates_.begin(now_ms);
  uplink_.begin(text_of(build_.device_id));
  uplink_.set_speaks_v2(settings().protocol >= 2);
  use_settings();
  was_up_ = was_ever_up_ = machine_.network.is_up();
  uplink_.session().set_network(was_up_, now_ms);
  connect();
  show();
}

// Hands the settings to whom they concern; only the line is made anew elsewhere.
void App::use_settings() {
  const Settings& now = settings();
  time_.use(now.timezone, now.ntp[0], now.ntp[1], now.ntp[2]);
  updates_.use({text_of(now.server_url), text_of(build_.platform), text_of(now.download_api_key),
                now.trust, build_.roots_pem});
  face_.change([&now](FaceState& shown) {
    const std::int16_t commanded = shown.light.commanded;
    shown.light = now.light;
    shown.light.commanded = commanded;
    shown.screens = now.screens;
  });
}

void App::connect() {
  const Settings& now = settings();
  UplinkSettings line;
  line.broker = {now.mqtt_host, now.mqtt_port, now.trust, build_.roots_pem};
  line.username = text_of(now.mqtt_username);
  line.password = text_of(now.mqtt_password);
  line.prefix = text_of(now.topic_prefix);
  uplink_.start(line, now_ms_);
}

void App::loop(std::uint32_t now_ms) {
  now_ms_ = now_ms;
  events_.poll(now_ms);
  watch_network();
  uplink_.session().poll(now_ms);
  improv_.poll(now_ms);
  if (time_.poll(was_up_, now_ms)) {
    events_.note(EventKind::kTimeSync, "ms", time_.last_offset_ms());
  }
  if (sensor_.poll(settings().temperature_offset_tenths, now_ms)) {
    events_.note(EventKind::kSensorError, "thermometer");
  }
  watch_button();
  watch_memory();
  if (ending_ != Ending::kNone) return poll_ending();
  updates_.poll(was_up_, now_ms);
  watch_line();
  publish();
  if (!show_.is_armed() || show_.take(now_ms)) show();
}

void App::watch_network() {
  const bool is_up = machine_.network.is_up();
  if (is_up != was_up_) {
    if (!is_up) {
      wifi_lost_ms_ = now_ms_;
      events_.note(EventKind::kWifiLost);
    } else if (was_ever_up_) {
      const std::uint32_t away_s = (now_ms_ - wifi_lost_ms_) / 1000;
      events_.note(EventKind::kWifiBack, "away s", static_cast<std::int32_t>(away_s));
    }
    was_up_ = is_up;
    was_ever_up_ = was_ever_up_ || is_up;
    uplink_.session().set_network(is_up, now_ms_);
  }
  const bool is_portal_open = machine_.network.is_portal_open();
  if (is_portal_open && !was_portal_open_) events_.note(EventKind::kPortal, "open");
  was_portal_open_ = is_portal_open;
  if (settings_.poll(is_up, now_ms_)) {
    events_.note(EventKind::kConfig, "taken back");
    change_settings(kGroupConnection);
  }
}

void App::watch_memory() {
  if (build_.low_heap_bytes == 0) return;
  const std::uint32_t free_bytes = machine_.system.free_heap_bytes();
  if (free_bytes >= build_.low_heap_bytes) return;
  if (memory_.is_armed() && !memory_.take(now_ms_)) return;
  memory_.arm(now_ms_, kMemoryEveryMs);
  events_.note(EventKind::kLowHeap, "", static_cast<std::int32_t>(free_bytes));
}

void App::watch_button() {
  const std::uint32_t presses = face_.presses();
  if (presses != presses_) events_.note(EventKind::kButton, "press");
  presses_ = presses;
  if (face_.resets() > 0 && ending_ != Ending::kFactoryReset) {
    events_.note(EventKind::kButton, "factory reset");
    end(Ending::kFactoryReset);
  }
}

// Closes the line where a download needs it alone or settings ask for another one, and opens it
// again.
void App::watch_line() {
  if (updates_.updater().wants_restart()) return end(Ending::kRestart);
  MqttSession& session = uplink_.session();
  const bool lends = updates_.updater().wants_line_alone();
  const bool is_back = !lends && is_line_lent_;
  if (is_back) is_line_lent_ = false;
  // The server hears that the update begins before the line is given up.
  if (lends && !is_line_lent_ && !(session.is_connected() && updates_.has_news())) {
    is_line_lent_ = true;
    uplink_.leave(now_ms_);
  }
  if (lends) return;
  // What answers the settings goes out on the old line.
  const bool is_all_said = !reports_.has_answers() && session.is_flushed();
  if (must_reconnect_ && session.is_connected() && is_all_said) uplink_.leave(now_ms_);
  if (!is_back && !(must_reconnect_ && uplink_.is_gone())) return;
  must_reconnect_ = false;
  connect();
}

void App::publish() {
  if (!uplink_.session().is_connected()) return;
  if (!is_subscribed_) is_subscribed_ = uplink_.subscribe();
  if (!is_subscribed_) return;
  updates_.publish(now_ms_);
  reports_.publish(now_ms_);
}

// Tells the display's task and the LED's interrupt what there is to be seen.
void App::show() {
  show_.arm(now_ms_, kShowEveryMs);
  const bool is_brightness_over = brightness_.take(now_ms_);
  const bool is_identified = identify_.take(now_ms_);
  const Updater& updater = updates_.updater();
  face_.change([&](FaceState& shown) {
    if (is_brightness_over) shown.light.commanded = kBySchedule;
    if (is_identified) shown.view.identify = false;
    shown.has_time = time_.wall().is_set();
    shown.unix_ms = time_.wall().unix_ms(now_ms_);
    shown.at_ms = now_ms_;
    shown.offset_s = time_.offset_s(shown.unix_ms / 1000);
    shown.view.temperature = sensor_.view();
    shown.view.update = {updater.is_active(), updater.percent()};
    show_portal(shown.view, was_portal_open_, machine_.network);
  });
  light_ = Light::kOffline;
  if (was_up_) light_ = Light::kWifiOnly;
  if (uplink_.session().is_connected()) light_ = Light::kOnline;
  if (updater.is_active()) light_ = Light::kUpdating;
  led_pattern_.store(skiclock::led_pattern(light_), std::memory_order_relaxed);
}

void App::leave(std::uint32_t now_ms) {
  now_ms_ = now_ms;
  end(Ending::kLeave);
}

void App::end(Ending ending) {
  if (ending_ != Ending::kNone && ending != Ending::kFactoryReset) return;
  ending_ = ending;
  ending_since_ms_ = now_ms_;
}

// First what is still to be said, then goodbye, then the deed.
void App::poll_ending() {
  const std::uint32_t passed_ms = now_ms_ - ending_since_ms_;
  MqttSession& session = uplink_.session();
  if (session.is_connected() && passed_ms < kGoodbyeMs) {
    publish();
    const bool is_all_said = !reports_.has_answers() && !updates_.has_news();
    if (is_all_said && session.is_flushed()) uplink_.leave(now_ms_);
    return;
  }
  if (!uplink_.is_gone() && passed_ms < 2 * kGoodbyeMs) return;
  events_.journal().save(now_ms_);
  if (ending_ == Ending::kLeave) return;
  if (ending_ == Ending::kFactoryReset) {
    settings_.reset();
    machine_.network.forget_networks();
  }
  if (ending_ == Ending::kRollBack) updates_.trial().roll_back("by command");
  machine_.system.restart();
}

}  // namespace skiclock
