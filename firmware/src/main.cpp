// Makes the chip's ports, hands them to the clock, and runs it.
#include <Arduino.h>
#include <sys/time.h>

#include <cstdlib>
#include <optional>

#include "board.h"
#include "button.h"
#include "chip.h"
#include "connection.h"
#include "crypto.h"
#include "light.h"
#include "network.h"
#include "panel.h"
#include "rtc.h"
#include "serial.h"
#include "skiclock/app.h"
#include "skiclock_build.h"
#include "slot.h"
#include "store.h"
#include "thermometer.h"
#include "ticker.h"
#include "udp.h"

namespace skiclock {
namespace {

const char kRoots[] PROGMEM = SKICLOCK_FIRMWARE_CA;

Wall wall = kBoard.wall;
Build build;
Panel panels(kBoard, wall);
Contact button(kBoard.button);
Thermometer thermometer(kBoard.thermometer);
Rtc rtc(kBoard.sda, kBoard.scl);
Udp udp;
Network network;
Connection broker;
Connection download;
Store store;
Slot slot;
Sha256 sha256;
Signature signatures;
Chip chip;
Line line;
const Machine machine = {panels,   button, thermometer, rtc,    udp,        network, broker,
                         download, store,  slot,        sha256, signatures, chip,    line};
// Made in `setup`, when the chip can be asked what it is.
std::optional<App> app;

void describe_build() {
  describe_chip(&build);
  build.version = SKICLOCK_FIRMWARE_VERSION;
  build.platform = kBoard.platform;
  build.board = kBoard.name;
  build.public_key = SKICLOCK_FIRMWARE_PUBLIC_KEY;
  build.public_key_next = SKICLOCK_FIRMWARE_PUBLIC_KEY_NEXT;
  build.defaults.server_url = SKICLOCK_UPDATE_SERVER_URL;
  build.defaults.mqtt_host = SKICLOCK_MQTT_HOST;
  build.defaults.mqtt_port = SKICLOCK_MQTT_PORT;
  build.defaults.mqtt_username = SKICLOCK_MQTT_USERNAME;
  build.defaults.mqtt_password = SKICLOCK_MQTT_PASSWORD;
  build.defaults.download_api_key = SKICLOCK_DOWNLOAD_API_KEY;
  build.defaults.trust = SKICLOCK_FIRMWARE_TRUST;
  build.defaults.roots_pem = sizeof kRoots > 1 ? kRoots : nullptr;
  build.roots_pem = load_roots(store, build.defaults);
}

void set_system_time(std::int64_t unix_s) {
  timeval now = {};
  now.tv_sec = static_cast<time_t>(unix_s);
  settimeofday(&now, nullptr);
}

// Certificates are checked against the system's time. Until there is a better one, it is the day
// of the build: what was valid then will do to ask for more.
std::int64_t day_of_build() {
  Civil day;
  char* rest = nullptr;
  day.year = static_cast<std::int32_t>(std::strtol(SKICLOCK_FIRMWARE_VERSION, &rest, 10));
  day.month = static_cast<std::uint8_t>(std::strtol(rest + 1, &rest, 10));
  day.day = static_cast<std::uint8_t>(std::strtol(rest + 1, &rest, 10));
  return unix_of(day);
}

void keep_system_time(std::uint32_t now_ms) {
  const WallTime& wall_time = app->time().wall();
  if (!wall_time.is_set()) return;
  const std::int64_t unix_s = wall_time.unix_ms(now_ms) / 1000;
  const std::int64_t apart_s = unix_s - static_cast<std::int64_t>(time(nullptr));
  if (apart_s < -2 || apart_s > 2) set_system_time(unix_s);
}

// Where the second row hangs on the serial line's pin, that is given up once the clock is online.
void share_serial_pin() {
  static bool is_shared = kBoard.serial != SerialUse::kUntilOnline;
  if (is_shared || !network.is_up()) return;
  is_shared = true;
  line.end();
  panels.set_serial_in_use(false);
}

void draw() {
  const std::uint32_t started_at_us = micros();
  app->render(millis());
  app->set_frame_us(micros() - started_at_us);
}

void set_up() {
  begin_light();
  if (kBoard.serial != SerialUse::kNever) line.begin();
  panels.set_serial_in_use(kBoard.serial == SerialUse::kUntilOnline);
  store.begin();
  button.begin();
  thermometer.begin();
  rtc.begin();
  set_system_time(day_of_build());
  describe_build();
  app.emplace(machine, build, wall);
  app->begin(millis());
  set_rows(wall, text_of(app->settings().panels));
  panels.begin();
  begin_drawing(draw);
  network.begin(kBoard.platform);
}

void run() {
  const std::uint32_t now_ms = millis();
  network.poll(now_ms);
  app->loop(now_ms);
  set_light(app->led_pattern());
  keep_system_time(now_ms);
  share_serial_pin();
  delay(1);
}

}  // namespace
}  // namespace skiclock

void setup() { skiclock::set_up(); }
void loop() { skiclock::run(); }
