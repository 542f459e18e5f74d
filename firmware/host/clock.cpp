// One Linux clock: the ports, the app on them, and what a person sees of it.
#include "clock.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "build.h"
#include "contract/contract.h"
#include "skiclock/config/identity.h"

namespace skiclock::host {
namespace {

using std::chrono::milliseconds;

constexpr char kPlatform[] = "linux";
constexpr milliseconds kLoopEvery{5};
constexpr milliseconds kFrameEvery{40};
constexpr milliseconds kPictureEvery{1000};
constexpr milliseconds kTellEvery{50};
constexpr milliseconds kShortPress{150};
constexpr milliseconds kLongPress{11000};

const contract::Platform& platform() {
  for (const contract::Platform& one : contract::kPlatforms) {
    if (std::strcmp(one.name, kPlatform) == 0) return one;
  }
  return contract::kPlatforms[0];
}

Wall wall_from(const std::vector<int>& panels) {
  Wall wall;
  for (std::size_t row = 0; row < panels.size(); ++row) {
    wall.rows[row].panels = static_cast<std::uint8_t>(panels[row]);
  }
  return wall;
}

const char* name_of(Trust trust) {
  switch (trust) {
    case Trust::kVerified:
      return contract::kTrustVerified;
    case Trust::kInsecure:
      return contract::kTrustInsecure;
    case Trust::kPlain:
      break;
  }
  return contract::kTrustPlain;
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

Clock::Clock(const Options& options, int slot)
    : options_(options),
      network_(options_.data + "/wifi", options_.has_wifi ? "Linux" : "", options_.faults,
               build_defect() != Defect::kNoNetwork),
      broker_(network_, options_.faults),
      download_(network_, options_.faults),
      udp_(network_),
      rtc_(options_.has_rtc, options_.faults),
      thermometer_(options_.has_thermometer),
      serial_(options_.speaks_improv),
      store_(options_.data + "/store", options_.faults),
      slot_(options_.data, slot, platform().slot_bytes, options_.faults),
      machine_{panels_,   button_, thermometer_, rtc_,    udp_,        network_, broker_,
               download_, store_,  slot_,        sha256_, signatures_, system_,  serial_},
      wall_(wall_from(options_.wall)) {
  make_build();
  app_ = std::make_unique<App>(machine_, build_, wall_);
}

Clock::~Clock() { end_display(); }

void Clock::make_build() {
  build_.device_id = options_.device_id.c_str();
  build_.version = build_version();
  build_.platform = platform().name;
  build_.board = platform().board;
  build_.chip = "Linux";
  build_.sdk = "POSIX, mbedTLS 2.28";
  build_.flash_bytes = 2 * platform().slot_bytes;
  build_.public_key = build_public_key();
  build_.public_key_next = build_public_key_next();
  build_.heartbeat_ms = options_.heartbeat_s * 1000;
  build_.connect_jitter_ms = options_.jitter_s * 1000 / 4;
  build_.broadcast_jitter_ms = options_.jitter_s * 1000;
  build_.trial_ms = options_.trial_s * 1000;
  BuildDefaults& defaults = build_.defaults;
  defaults.name = or_null(options_.name);
  defaults.server_url = or_null(options_.server);
  defaults.mqtt_host = or_null(options_.mqtt_host);
  defaults.mqtt_port = options_.mqtt_port;
  defaults.mqtt_username = or_null(options_.mqtt_username);
  defaults.mqtt_password = or_null(options_.mqtt_password);
  defaults.download_api_key = or_null(options_.download_key);
  defaults.trust = name_of(options_.trust);
  // A supply of 3 A for each panel, as a wall of this size would have.
  defaults.current_limit_ma = static_cast<std::uint16_t>(3000 * panel_count(wall_));
  defaults.topic_prefix = or_null(options_.topic_prefix);
  defaults.roots_pem = or_null(options_.roots_pem);
  roots_pem_.resize(kRootsPemCapacity + options_.roots_pem.size());
  roots_pem_.resize(read_roots_pem(store_, defaults, roots_pem_.data(), roots_pem_.size()));
  build_.roots_pem = roots_pem_.c_str();
}

int Clock::run(const volatile std::sig_atomic_t* is_to_end) {
  if (!options_.is_headless && !options_.speaks_improv && has_terminal()) {
    terminal_ = std::make_unique<Terminal>();
  }
  app_->begin(monotonic_ms());
  display_ = std::thread([this] { draw_until_ended(); });
  auto told_at = Steady::now();
  while (*is_to_end == 0) {
    app_->loop(monotonic_ms());
    if (terminal_) take_key(terminal_->key());
    if (Steady::now() - told_at > kTellEvery) {
      told_at = Steady::now();
      tell();
      keep_picture();
    }
    if (build_defect() == Defect::kCrash) std::abort();  // as a null pointer on a chip
    std::this_thread::sleep_for(kLoopEvery);
  }
  say_goodbye();
  return 0;
}

// The broker hears that the clock goes, as before a restart.
void Clock::say_goodbye() {
  app_->leave(monotonic_ms());
  const auto until = Steady::now() + std::chrono::seconds(2);
  while (!app_->has_left() && Steady::now() < until) {
    app_->loop(monotonic_ms());
    std::this_thread::sleep_for(kLoopEvery);
  }
}

// The display's own task, as on the ESP32.
void Clock::draw_until_ended() {
  while (is_drawing_) {
    const auto began = Steady::now();
    app_->render(monotonic_ms());
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - began);
    app_->set_frame_us(static_cast<std::uint32_t>(took.count()));
    if (terminal_) {
      const std::lock_guard<std::mutex> lock(lines_mutex_);
      terminal_->draw(panels_.shown(), lines_);
    }
    std::this_thread::sleep_until(began + kFrameEvery);
  }
}

void Clock::end_display() {
  is_drawing_ = false;
  if (display_.joinable()) display_.join();
}

void Clock::take_key(char key) {
  switch (key) {
    case ' ':
      return button_.press_for(kShortPress);
    case 'r':
      return button_.is_pressed() ? button_.release() : button_.press_for(kLongPress);
    case 'w':
      return network_.toggle();
    case 'q':
      std::raise(SIGTERM);
      return;
    default:
      return;
  }
}

// On a terminal below the wall, else as a line for each change.
void Clock::tell() {
  if (terminal_) {
    std::vector<std::string> now = lines();
    const std::lock_guard<std::mutex> lock(lines_mutex_);
    lines_ = std::move(now);
    return;
  }
  const std::string now = situation();
  if (now == said_ || options_.speaks_improv) return;
  said_ = now;
  char time[16];
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  std::strftime(time, sizeof time, "%H:%M:%S", ::localtime_r(&seconds, &local));
  std::printf("%s %s %s: %s\n", time, build_.device_id, build_.version, now.c_str());
  std::fflush(stdout);
}

std::string Clock::situation() {
  const Updater& updater = app_->updates().updater();
  std::string text = "no Wi-Fi";
  const MqttSession& session = app_->uplink().session();
  if (session.is_connected()) {
    text = app_->uplink().speaks_v2() ? "online" : "online, server not known yet";
  } else if (network_.is_up()) {
    text = std::string("no broker (") + problem_text(session.problem());
    if (*broker_.problem() != '\0') text += std::string(": ") + broker_.problem();
    text += ")";
  }
  if (app_->updates().trial().is_on_trial()) text += ", new version on trial";
  if (updater.is_active()) text += ", updating " + std::to_string(updater.percent()) + " %";
  return text;
}

std::vector<std::string> Clock::lines() {
  const std::uint32_t tick = monotonic_ms() / kLedTickMs;
  const bool is_lit = led_level(app_->light(), tick);
  const Settings& settings = app_->settings();
  const std::string name = *settings.name != '\0' ? settings.name : build_.device_id;
  return {std::string(is_lit ? "\x1b[93m\xE2\x97\x8F" : "\x1b[90m\xE2\x97\x8F") + "\x1b[0m " +
              name + "  " + build_.version + "  " + situation(),
          "  space: button   r: hold it   w: Wi-Fi away or back   q: end"};
}

void Clock::keep_picture() {
  if (options_.png.empty() || Steady::now() - pictured_at_ < kPictureEvery) return;
  pictured_at_ = Steady::now();
  std::string problem;
  if (write_png(options_.png, panels_.shown(), &problem) || has_complained_) return;
  has_complained_ = true;
  std::fprintf(stderr, "%s cannot be written: %s\n", options_.png.c_str(), problem.c_str());
}

}  // namespace skiclock::host
