// One part of the core after the other: its answers to fixed questions.
#include <cstring>

#include "chip.h"
#include "contract/messages.h"
#include "say.h"
#include "skiclock/config/settings_store.h"
#include "skiclock/display/display.h"
#include "skiclock/net/mqtt_packet.h"
#include "skiclock/store/flash_log.h"
#include "skiclock/time/timezone.h"
#include "skiclock/update/version.h"

using namespace skiclock;

namespace {

// The flash of an ESP8266, in RAM.
class RamFlash : public FlashRegion {
 public:
  bool erase_sector(std::uint32_t offset) override {
    std::memset(bytes + offset, 0xFF, kSectorBytes);
    return true;
  }
  bool write(std::uint32_t offset, Bytes piece) override {
    for (std::size_t i = 0; i < piece.size; ++i) bytes[offset + i] &= piece.data[i];
    return true;
  }
  bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) override {
    std::memcpy(buffer, bytes + offset, size);
    return true;
  }

  std::uint8_t bytes[2 * kSectorBytes];
};

class NoPanels : public PanelPort {
 public:
  void show(const Frame&, const Palette& palette) override { last = palette; }
  Palette last;
};

void say_art(const Frame& frame) {
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      static const char kInks[] = ".#*!";
      put(kInks + static_cast<int>(frame.at(x, y)), 1);
    }
    say("\n");
  }
}

View view_of_a_morning() {
  View view;
  view.clock = {true, 2026, 1, 17, 6, 7, 35, 9};
  view.temperature = {Reading::kReady, -123};
  return view;
}

}  // namespace

void check_time() {
  // Before and after both changes of 2026 in Europe, and before 1970 and after 2038.
  static const std::int64_t kInstants[] = {1774745999, 1774746000, 1792889999,
                                           1792890000, -86400,     4102444800};
  static const char* const kZones[] = {"Europe/Stockholm", "Europe/London", "America/Denver",
                                       "CET-1CEST,M3.5.0,M10.5.0/3", "Atlantis/Poseidonis"};
  for (const char* name : kZones) {
    TimeZone zone;
    say(name);
    say(zone.set_by_name_or_posix(name) ? ":" : " unknown:");
    for (const std::int64_t instant : kInstants) {
      const Civil local = zone.local(instant);
      say(" ");
      say_number(zone.offset_s(instant));
      say("/");
      say_number(local.year * 10000 + local.month * 100 + local.day);
      say("T");
      say_number(local.hour * 100 + local.minute);
    }
    say("\n");
  }
}

void check_versions() {
  static const char* const kVersions[] = {"v1.2.3", "2025.11.19.1", "2026.1.2.10", "2026.1.10.2",
                                          "nonsense"};
  for (const char* candidate : kVersions) {
    for (const char* running : kVersions) {
      say(is_newer(text_of(candidate), text_of(running)) ? "1" : "0");
    }
  }
  say("\n");
}

void check_messages() {
  char buffer[512];
  JsonWriter out(buffer, sizeof buffer);
  Heartbeat heartbeat;
  heartbeat.device_id = text_of("a1b2c3");
  heartbeat.board = text_of("ESP-01");
  heartbeat.version = text_of("2026.11.24.1");
  heartbeat.uptime_s = 4294967;
  heartbeat.rssi_dbm = -71;
  heartbeat.ssid = text_of("Ski \"stadion\" \\ \xC3\xA5\xFF");
  heartbeat.time_source = text_of("ntp");
  heartbeat.trust = text_of("verified");
  say(encode(heartbeat, out) ? "heartbeat " : "no heartbeat ");
  say(out.written());
  say("\n");

  VersionResponse response;
  const bool is_read =
      decode(text_of("{\"latest_version\":\"2026.11.25.1\",\"current_version\":\"2026.11.24.1\","
                     "\"update_available\":true,\"platform\":\"esp01\",\"session_id\":"
                     "\"0b8f6c1e-6f0d-4b52-9d4f-0d1f6c3c7a11\",\"protocol\":2,\"size\":403123,"
                     "\"sha256\":\"00\",\"signature\":\"MEU=\"}"),
             &response);
  say(is_read ? "response " : "no response ");
  say(response.latest_version);
  say(" ");
  say(response.session_id);
  say(" ");
  say_number(response.size_bytes);
  say("\n");
}

void check_packets() {
  std::uint8_t bytes[256];
  MqttBuffer out{bytes, sizeof bytes};
  MqttConnect connect;
  connect.client_id = text_of("SkiClock-a1b2c3");
  connect.username = text_of("clock");
  connect.password = text_of("secret");
  connect.keep_alive_s = 15;
  append_connect(connect, out);
  MqttPublish publish;
  publish.topic = text_of("skiclock/status/a1b2c3");
  publish.payload = {reinterpret_cast<const std::uint8_t*>("{}"), 2};
  publish.packet_id = 7;
  append_publish(publish, out);
  say("mqtt ");
  say_hex({bytes, out.size});
  say("\n");
}

void check_settings() {
  static RamFlash flash;
  std::memset(flash.bytes, 0xFF, sizeof flash.bytes);
  FlashLog store(flash, {2, kSectorBytes});
  BuildDefaults defaults;
  defaults.server_url = "https://clocks.example.org";
  defaults.mqtt_host = "clocks.example.org";
  SettingsStore settings(store, defaults);
  settings.load();
  static const char* const kChanges[] = {
      "{\"brightness\":40,\"timezone\":\"Europe/London\",\"name\":\"L\xC3\xA4nna\"}",
      "{\"brightness\":400}", "{\"nothing\":1}"};
  std::uint32_t version = 0;
  for (const char* change : kChanges) {
    const ApplyResult result = settings.apply(text_of(change), ++version);
    say(word_for(result.outcome));
    say(" ");
    say(result.field);
    say("\n");
  }
  char buffer[1024];
  JsonWriter out(buffer, sizeof buffer);
  ConfigReport report;
  report.device_id = text_of("a1b2c3");
  settings.report(report, out);
  say(out.written());
  say("\nflash ");
  say_hash({flash.bytes, sizeof flash.bytes});
  say("\n");
}

void check_flash_log() {
  static RamFlash flash;
  std::memset(flash.bytes, 0xFF, sizeof flash.bytes);
  FlashLog log(flash, {2, kSectorBytes});
  std::uint8_t record[90];
  std::uint32_t written = 0;
  for (std::uint8_t i = 0; i < 200; ++i) {
    std::memset(record, i, sizeof record);
    written += log.write(i % 3 == 0 ? "settings" : "journal", {record, 30U + i % 60U}) ? 1 : 0;
  }
  say("records ");
  say_number(written);
  say(" ");
  say_hash({flash.bytes, sizeof flash.bytes});
  say("\n");
}

// All that a wall of two rows of four panels can show; the costliest is what counts.
void check_frames() {
  const Wall wall = wall_of(4, 4);
  NoPanels panels;
  Display display(wall, panels);
  View views[5];
  for (View& view : views) view = view_of_a_morning();
  set_message(views[1], text_of("Masstart 10:00 \xC3\xA5\xC3\xA4\xC3\xB6 VM-uttagning"), 0, 60000);
  views[2].stopwatch.state = StopwatchState::kRunning;
  views[3].update = {true, 42};
  views[4].identify = true;
  std::uint32_t most = 0;
  for (const View& view : views) {
    for (std::uint32_t now_ms = 0; now_ms < 20000; now_ms += 777) {
      const std::uint32_t before = instructions();
      display.render(view, now_ms);
      const std::uint32_t took = instructions() - before;
      if (took > most) most = took;
    }
    say("frame ");
    say_hash({display.frame().bits, sizeof display.frame().bits});
    say(" ");
    say_hash({reinterpret_cast<const std::uint8_t*>(&panels.last), sizeof panels.last});
    say("\n");
  }
  display.render(view_of_a_morning(), 0);
  say_art(display.frame());
  say("# instructions of the costliest frame: ");
  say_number(most);
  say("\n");
}
