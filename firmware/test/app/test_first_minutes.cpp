// A clock starts, meets a server, and tells what it is.
#include <doctest/doctest.h>

#include <algorithm>

#include "app/clock_story.h"

using story::Clock;
using story::kId;
using story::kNow;
using story::kOld;

TEST_CASE("until the server is known to speak v2, a clock speaks as the first generation did") {
  Clock clock;
  clock.server.protocol = 0;
  clock.start();
  clock.run_s(5);
  REQUIRE(clock.heard_v1("heartbeat").size() == 1);
  const auto beat = clock.heard_v1("heartbeat")[0];
  CHECK(beat["device_id"].text == kId);
  CHECK(beat["board"].text == "Linux");
  CHECK(beat["version"].text == kOld);
  CHECK(beat["ssid"].text == "Skistadion");
  CHECK(beat["rssi"].number == -61);
  CHECK(beat["ip"].text == "192.0.2.7");
  CHECK(beat["protocol"].is_null());
  CHECK(clock.heard_v1("version/request")[0]["protocol"].number == 2);
  CHECK(clock.heard("heartbeat").empty());
  CHECK(clock.heard("info").empty());
  CHECK(clock.broker.client_id == "SkiClock-" + kId);
}

TEST_CASE("a first-generation server is spoken to on its topics for good") {
  Clock clock;
  clock.server.protocol = 1;
  clock.start();
  clock.run_s(180);
  CHECK(clock.heard_v1("heartbeat").size() >= 3);
  CHECK(clock.heard("heartbeat").empty());
  CHECK(clock.heard("event").empty());
  CHECK(clock.heard_v1("event").empty());
}

TEST_CASE("a server that speaks v2 is told at once what the clock is made of") {
  Clock clock;
  clock.start("brownout");
  clock.run_s(6);
  const auto beat = clock.last("heartbeat");
  CHECK(beat["protocol"].number == 2);
  CHECK(beat["reset_reason"].text == "brownout");
  CHECK(beat["time_source"].text == "rtc");
  CHECK(beat["trust"].text == "verified");
  CHECK(beat["trial"].is_null());
  const auto info = clock.last("info");
  CHECK(info["panels"].text == "2");
  CHECK(info["width"].number == 32);
  CHECK(info["height"].number == 16);
  CHECK(info["boots"].number == 1);
  CHECK(info["identity"].text == "shared");
  CHECK(clock.last("config/report")["result"].text == "current");
  CHECK(clock.last("config/report")["settings"]["mqtt_host"].text == "broker.example.org");
  CHECK(clock.last("config/report")["settings"]["mqtt_password"].is_null());
  CHECK(clock.has_event("boot brownout"));
}

TEST_CASE("the state is retained, and a line that breaks leaves the will") {
  Clock clock;
  clock.start();
  clock.run_s(5);
  CHECK(clock.last("status")["online"].truth);
  CHECK(std::any_of(clock.broker.published.begin(), clock.broker.published.end(),
                    [](const story::Message& one) {
                      return one.topic == "skiclock/status/" + kId && one.is_retained;
                    }));
  clock.broker.drop();
  CHECK_FALSE(clock.last("status")["online"].truth);
  clock.run_s(10);
  CHECK(clock.broker.connections == 2);
  CHECK(clock.last("status")["online"].truth);
  CHECK(clock.has_event("broker_lost"));
}

TEST_CASE("heartbeats come every minute, none in step with another clock's") {
  Clock clock;
  clock.start();
  clock.run_s(10);
  clock.forget();
  clock.run_s(600);
  CHECK(clock.heard("heartbeat").size() >= 9);
  CHECK(clock.heard("heartbeat").size() <= 11);
  CHECK(clock.last("heartbeat")["uptime"].number >= 500);
}

TEST_CASE("the version is asked for at once, hourly, and when firmware is published") {
  Clock clock;
  clock.start();
  clock.run_s(5);
  CHECK(clock.heard_v1("version/request").size() == 1);
  clock.forget();
  clock.run_s(4500);
  CHECK(clock.heard("version/request").size() == 1);
  clock.say("version/updates", "{}");
  clock.run_s(10);
  CHECK(clock.heard("version/request").size() == 2);
  clock.say("version/updates", "{}", true);
  clock.run_s(10);
  CHECK(clock.heard("version/request").size() == 2);
}

TEST_CASE("a server that does not answer is asked again") {
  Clock clock;
  clock.server.protocol = 0;
  clock.start();
  clock.run_s(65);
  CHECK(clock.heard_v1("version/request").size() >= 3);
}

TEST_CASE("events are sent until the server has them, with their true times") {
  Clock clock;
  clock.server.acknowledges = false;
  clock.start();
  clock.run_s(40);
  const auto batches = clock.heard("event");
  REQUIRE(batches.size() >= 2);
  CHECK(batches[0]["events"].list[0]["at"].number >= kNow);
  CHECK(batches[1]["events"].list[0] == batches[0]["events"].list[0]);
  clock.server.acknowledges = true;
  clock.run_s(40);
  clock.forget();
  clock.run_s(60);
  CHECK(clock.heard("event").empty());
}

TEST_CASE("Wi-Fi that goes and comes back is told of afterwards, with its length") {
  Clock clock;
  clock.start();
  clock.run_s(10);
  clock.network.up = false;
  clock.run_s(30);
  CHECK(clock.app->light() == skiclock::Light::kOffline);
  clock.network.up = true;
  clock.run_s(40);
  CHECK(clock.has_event("wifi_lost"));
  CHECK(clock.has_event("wifi_back away s 30"));
  CHECK(clock.app->light() == skiclock::Light::kOnline);
}

TEST_CASE("the status light says what is missing") {
  Clock clock;
  clock.broker.is_reachable = false;
  clock.start();
  clock.run_s(5);
  CHECK(clock.app->light() == skiclock::Light::kWifiOnly);
  CHECK(clock.app->led_pattern() == skiclock::led_pattern(skiclock::Light::kWifiOnly));
  clock.broker.is_reachable = true;
  clock.run_s(70);
  CHECK(clock.app->light() == skiclock::Light::kOnline);
  CHECK(clock.app->led_pattern() == skiclock::led_pattern(skiclock::Light::kOnline));
}

TEST_CASE("a sensor that fails three times is told of once") {
  Clock clock;
  clock.start();
  clock.run_s(20);
  clock.thermometer.reading = skiclock::Reading::kFailed;
  clock.run_s(120);
  const auto events = clock.events();
  CHECK(std::count(events.begin(), events.end(), "sensor_error thermometer") == 1);
}

TEST_CASE("little memory and an open set-up portal are told of") {
  Clock clock;
  clock.build.low_heap_bytes = 20000;
  clock.system.free_heap = 12345;
  clock.start();
  clock.network.portal = true;
  clock.run_s(30);
  const auto events = clock.events();
  CHECK(std::count(events.begin(), events.end(), "low_heap 12345") == 1);
  CHECK(std::count(events.begin(), events.end(), "portal open") == 1);
  CHECK(clock.panels.is_lit());
}

TEST_CASE("the portal's password of the moment is on the panels") {
  std::vector<std::string> pictures[2];
  for (int which = 0; which < 2; ++which) {
    Clock clock;
    clock.network.password = which == 0 ? "11111111" : "77777777";
    clock.start();
    clock.network.portal = true;
    for (int step = 0; step < 600; ++step) {
      clock.run_ms(100);
      const skiclock::Frame& frame = clock.panels.shown;
      pictures[which].emplace_back(frame.bits, frame.bits + sizeof frame.bits);
    }
  }
  CHECK(pictures[0] != pictures[1]);
}

TEST_CASE("the browser's flasher hears who the clock is over Improv") {
  Clock clock;
  clock.start();
  std::string request = std::string("IMPROV") + '\x01' + '\x03' + '\x02' + '\x03' + '\0';
  unsigned sum = 0;
  for (const char byte : request) sum += static_cast<unsigned char>(byte);
  clock.serial.to_clock = request + static_cast<char>(sum & 255) + "\n";
  clock.run_s(1);
  CHECK(clock.serial.from_clock.find("Ski Clock Neo") != std::string::npos);
  CHECK(clock.serial.from_clock.find(kOld) != std::string::npos);
}
