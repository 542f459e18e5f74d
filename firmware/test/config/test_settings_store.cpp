// The settings in force: which source counts, all or nothing, what is stored, what is reported.
#include <doctest/doctest.h>

#include <string>

#include "config/golden_records.h"
#include "config/settings_bench.h"

using skiclock::ApplyResult;
using skiclock::Settings;
using skiclock::SettingsStore;
using skiclock::fakes::FakeStore;
using Outcome = skiclock::ApplyResult::Outcome;

TEST_CASE("a clock with nothing of ours in flash, as after its update from v1, has the build's") {
  FakeStore store;
  store.records["AC_CREDT"] = {1, 2, 3};  // AutoConnect's networks
  Clock clock(store, club_build());
  CHECK(std::string(clock.now().mqtt_host) == "built.example.org");
  CHECK(clock.now().mqtt_port == 1883);
  CHECK(clock.now().trust == skiclock::Trust::kInsecure);
  CHECK(std::string(clock.now().download_api_key) == "built-key");
  CHECK(std::string(clock.now().timezone) == "Europe/Stockholm");
  CHECK(clock.now().protocol == 1);
  CHECK_FALSE(clock.settings.has_identity());
  CHECK_FALSE(clock.settings.was_damaged());
  CHECK(store.writes == 0);
  CHECK(store.records.size() == 1);
}

TEST_CASE("an identity covers the build, what was set covers both") {
  FakeStore store;
  store.records["identity"] = kIdentity1;
  Clock clock(store, club_build());
  CHECK(clock.settings.has_identity());
  CHECK(clock.settings.has_roots());
  CHECK(std::string(clock.now().name) == "Åre mål");
  CHECK(std::string(clock.now().mqtt_host) == "broker.example.org");
  CHECK(clock.now().trust == skiclock::Trust::kVerified);
  CHECK(clock.now().protocol == 2);
  CHECK(clock.settings.apply(text_of(R"({"mqtt_host":"set.example.org"})"), 1).outcome ==
        Outcome::kApplied);
  Clock again(store, club_build());
  CHECK(std::string(again.now().mqtt_host) == "set.example.org");
  CHECK(std::string(again.now().mqtt_username) == "e8c5fbbdf5f0");
}

TEST_CASE("what is stored is only what was set, so that the build's may change below it") {
  FakeStore store;
  Clock(store, club_build()).settings.apply(text_of(R"({"brightness":7})"), 1);
  skiclock::BuildDefaults moved = club_build();
  moved.mqtt_host = "moved.example.org";
  Clock clock(store, moved);
  CHECK(int(clock.now().light.brightness) == 7);
  CHECK(std::string(clock.now().mqtt_host) == "moved.example.org");
}

TEST_CASE("a message changes all that it names and survives a restart") {
  FakeStore store;
  const char* json =
      R"({"name":"Mål \"2\"","brightness":12,"night_from":1320,"ntp":["a.example",""],)"
      R"("screens":["date"],"blink_colon":false,"colour_main":"#FF0000","timezone":"Asia/Tokyo",)"
      R"("temperature_offset_tenths":-5,"panels":"4+4"})";
  {
    Clock clock(store);
    const ApplyResult result = clock.settings.apply(text_of(json), 41);
    REQUIRE(result.outcome == Outcome::kApplied);
    CHECK(result.changed ==
          (skiclock::kGroupDisplay | skiclock::kGroupTime | skiclock::kGroupOther));
  }
  for (int restart = 0; restart < 2; ++restart) {
    Clock clock(store);
    CHECK(std::string(clock.now().name) == "Mål \"2\"");
    CHECK(int(clock.now().light.brightness) == 12);
    CHECK(std::string(clock.now().ntp[0]) == "a.example");
    CHECK(std::string(clock.now().ntp[1]).empty());
    CHECK(int(clock.now().screens.count) == 1);
    CHECK_FALSE(clock.now().screens.blink_colon);
    CHECK(int(clock.now().light.main.green) == 0);
    CHECK(std::string(clock.now().timezone) == "Asia/Tokyo");
    CHECK(clock.now().temperature_offset_tenths == -5);
    CHECK(std::string(clock.now().panels) == "4+4");
    CHECK(clock.now().version == 41);
  }
}

struct Bad {
  const char* json;
  const char* field;
  const char* why;
};

TEST_CASE("one bad setting and nothing at all is changed; it is named with the reason") {
  for (const Bad& bad : {
           Bad{R"({"brightness":1,"night_brightness":256,"name":5})", "night_brightness",
               "out of range"},
           Bad{R"({"brightness":1,"colour":"red"})", "colour", "unknown setting"},
           Bad{R"({"brightness":1,"timezone":"Mars/Olympus"})", "timezone", "unknown time zone"},
           Bad{R"({"brightness":1,"trust":"verified"})", "trust",
               "no root certificate to verify with"},
           Bad{R"({"brightness":1,"a name that is much too long to be one":1})", "",
               "unknown setting"},
           Bad{R"([1])", "", "no JSON object, or too large a one"},
           Bad{R"({"brightness":1)", "", "no JSON object, or too large a one"},
           Bad{"", "", "no JSON object, or too large a one"},
       }) {
    CAPTURE(bad.json);
    FakeStore store;
    Clock clock(store, club_build());
    const std::string before = clock.report();
    const ApplyResult result = clock.settings.apply(text_of(bad.json), 3);
    CHECK(result.outcome == Outcome::kRefused);
    CHECK(std::string(result.field) == bad.field);
    CHECK(std::string(result.why) == bad.why);
    CHECK(result.changed == 0);
    CHECK(clock.report() == before);
    CHECK(store.writes == 0);
  }
}

TEST_CASE("a flash that refuses leaves everything as it was") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(R"({"brightness":7})"), 1);
  const std::string before = clock.report();
  store.is_full = true;
  for (const char* json : {R"({"brightness":8})", R"({"mqtt_host":"elsewhere"})"}) {
    const ApplyResult result = clock.settings.apply(text_of(json), 2);
    CHECK(result.outcome == Outcome::kRefused);
    CHECK(std::string(result.why) == "the flash refused");
    CHECK(clock.report() == before);
  }
  CHECK(clock.settings.set("brightness", "9").outcome == Outcome::kRefused);
  CHECK(clock.report() == before);
}

TEST_CASE("the version that is in force already is not applied again, any other is") {
  FakeStore store;
  Clock clock(store);
  CHECK(clock.settings.apply(text_of(R"({"brightness":7})"), 5).outcome == Outcome::kApplied);
  CHECK(clock.settings.apply(text_of(R"({"brightness":8})"), 5).outcome == Outcome::kCurrent);
  CHECK(int(clock.now().light.brightness) == 7);
  CHECK(clock.settings.apply(text_of(R"({"brightness":9})"), 4).outcome == Outcome::kApplied);
  CHECK(clock.now().version == 4);
}

TEST_CASE("a message takes the place of the one before, but leaves alone where to connect") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(R"({"brightness":7,"mqtt_username":"me","name":"x"})"), 1);
  const ApplyResult result = clock.settings.apply(text_of(R"({"name":"y"})"), 2);
  CHECK(result.outcome == Outcome::kApplied);
  CHECK(result.changed == (skiclock::kGroupDisplay | skiclock::kGroupOther));
  Clock again(store, club_build());
  CHECK(again.report() == clock.report());
  CHECK(again.now().light.brightness == Settings{}.light.brightness);
  CHECK(std::string(again.now().name) == "y");
  CHECK(std::string(again.now().mqtt_username) == "me");
  CHECK(again.now().version == 2);
}

TEST_CASE("null takes back a connection setting too") {
  FakeStore store;
  Clock clock(store, club_build());
  clock.settings.apply(text_of(R"({"mqtt_username":"me","name":"x"})"), 1);
  const ApplyResult result =
      clock.settings.apply(text_of(R"({"name":"x","mqtt_username":null,"panels":null})"), 2);
  CHECK(result.outcome == Outcome::kApplied);
  CHECK(result.changed == skiclock::kGroupConnection);
  CHECK(std::string(clock.now().mqtt_username) == "built-user");
  CHECK(std::string(clock.now().name) == "x");
}

TEST_CASE("what was set on the spot outlives messages that do not name it") {
  FakeStore store;
  {
    Clock clock(store);
    clock.settings.set("protocol", "2");
    clock.settings.apply(text_of(R"({"brightness":7})"), 1);
    clock.settings.apply(text_of(R"({"night_brightness":3})"), 2);
    CHECK(int(clock.now().protocol) == 2);
  }
  Clock clock(store);
  CHECK(int(clock.now().protocol) == 2);
  clock.settings.apply(text_of("{}"), 3);
  CHECK(int(clock.now().protocol) == 2);
  CHECK(clock.now().light.night_brightness == Settings{}.light.night_brightness);
  // Named by a message it is the message's, and goes with it.
  clock.settings.apply(text_of(R"({"protocol":2})"), 4);
  CHECK(clock.settings.apply(text_of("{}"), 5).changed == skiclock::kGroupOther);
  CHECK(int(Clock(store).now().protocol) == 1);
}

TEST_CASE("a message that changes nothing says so, but its version counts") {
  FakeStore store;
  Clock clock(store);
  clock.settings.apply(text_of(R"({"brightness":7})"), 1);
  CHECK(clock.settings.apply(text_of(R"({"brightness":7})"), 2).changed == 0);
  CHECK(clock.settings.apply(text_of("{}"), 3).outcome == Outcome::kApplied);
  CHECK(Clock(store).now().version == 3);
}

TEST_CASE("a setting made on the spot is checked, stored, and written only if it is new") {
  FakeStore store;
  Clock clock(store);
  CHECK(clock.settings.set("protocol", "2").outcome == Outcome::kApplied);
  const std::uint32_t writes = store.writes;
  CHECK(clock.settings.set("protocol", "2").outcome == Outcome::kCurrent);
  CHECK(store.writes == writes);
  const ApplyResult bad = clock.settings.set("protocol", "7");
  CHECK(bad.outcome == Outcome::kRefused);
  CHECK(std::string(bad.field) == "protocol");
  CHECK(std::string(clock.settings.set("colour", "7").why) == "unknown setting");
  CHECK(Clock(store).now().protocol == 2);
}

TEST_CASE("a record of format 1 is read, every setting of it") {
  FakeStore store;
  store.records["settings"] = kSettings1;
  Clock clock(store);
  const Settings& now = clock.now();
  CHECK(now.version == 7);
  CHECK(std::string(now.name) == "Start");
  CHECK(std::string(now.server_url) == "https://ski.example:8443");
  CHECK(std::string(now.mqtt_host) == "10.0.0.5");
  CHECK(now.mqtt_port == 1883);
  CHECK(std::string(now.mqtt_username) == "clock");
  CHECK(std::string(now.mqtt_password) == "s3\"cr\\et");
  CHECK(now.trust == skiclock::Trust::kPlain);
  CHECK(std::string(now.download_api_key) == "k");
  CHECK(std::string(now.topic_prefix) == "club/ski");
  CHECK(std::string(now.timezone) == "NZST-12NZDT,M9.5.0,M4.1.0/3");
  CHECK(std::string(now.ntp[1]) == "192.0.2.1");
  CHECK(int(now.light.brightness) == 200);
  CHECK(int(now.light.night_brightness) == 0);
  CHECK(now.light.night_from == 1380);
  CHECK(now.light.night_to == 359);
  CHECK(now.light.current_limit_ma == 40000);
  CHECK(int(now.light.main.green) == 0x80);
  CHECK(int(now.light.accent.blue) == 0xFF);
  CHECK(int(now.light.warning.red) == 0x12);
  CHECK(now.screens.order[0] == skiclock::Screen::kTemperature);
  CHECK(int(now.screens.seconds) == 30);
  CHECK_FALSE(now.screens.blink_colon);
  CHECK(now.temperature_offset_tenths == -15);
  CHECK(std::string(now.panels) == "4+4");
  CHECK(int(now.protocol) == 2);
}

TEST_CASE("of a newer firmware's record what is known is used and the rest survives a change") {
  FakeStore store;
  store.records["settings"] = kSettingsOfTheFuture;
  Clock clock(store);
  CHECK(std::string(clock.now().name) == "Later");
  CHECK(clock.now().version == 8);
  REQUIRE(clock.settings.apply(text_of(R"({"name":"Now"})"), 9).outcome == Outcome::kApplied);
  CHECK(std::string(Clock(store).now().name) == "Now");
  const auto& record = store.records["settings"];
  const std::string content(record.begin(), record.end());
  CHECK(content.find("(\x15what is not known yet") != std::string::npos);
  CHECK(content.find("\xC8\0", 0, 2) != std::string::npos);
  CHECK(int(record[4]) == 9);  // the newer firmware still finds its own format
}

TEST_CASE("unknown newer settings give way where there is no room for the known ones") {
  FakeStore store;
  std::vector<std::uint8_t> record(12 + 990);
  skiclock::EntryWriter writer(record.data() + 12, 990);
  for (std::uint8_t tag = 200; tag < 203; ++tag)
    writer.add(tag, text_of(std::string(250, 'x').c_str()));
  REQUIRE(writer.ok());
  record.resize(
      skiclock::seal_record(skiclock::RecordKind::kSettings, 2, record.data(), writer.size()));
  store.records["settings"] = record;
  Clock clock(store);
  const std::string long_text(60, 'y');
  const std::string json = R"({"mqtt_username":")" + long_text + R"(","mqtt_password":")" +
                           long_text + R"(","download_api_key":")" + long_text +
                           R"(","mqtt_host":")" + long_text + "\"}";
  REQUIRE(clock.settings.apply({json.data(), json.size()}, 1).outcome == Outcome::kApplied);
  CHECK(std::string(Clock(store).now().mqtt_host) == long_text);
}

TEST_CASE("the longest value of every setting fits one record") {
  FakeStore store;
  Clock clock(store);
  for (std::size_t i = 0; i < skiclock::kFieldCount; ++i) {
    const std::string longest = longest_value(skiclock::field(i));
    CAPTURE(skiclock::field(i).key);
    CAPTURE(longest);
    CHECK(clock.settings.set(skiclock::field(i).key, longest.c_str()).outcome != Outcome::kRefused);
  }
  Clock again(store);
  CHECK(again.report() == clock.report());
}

TEST_CASE("a damaged record is noticed, and the clock runs on what is below it") {
  FakeStore store;
  store.records["settings"] = kSettings1;
  store.records["settings"][50] ^= 4;
  Clock clock(store, club_build());
  CHECK(clock.settings.was_damaged());
  CHECK(std::string(clock.now().mqtt_host) == "built.example.org");
  CHECK(clock.settings.apply(text_of(R"({"brightness":3})"), 1).outcome == Outcome::kApplied);
  CHECK_FALSE(Clock(store).settings.was_damaged());
}

TEST_CASE("a stored value that today's rules refuse is left out alone") {
  FakeStore store;
  std::uint8_t raw[100];
  skiclock::EntryWriter writer(raw + 12, 88);
  writer.add(21, text_of("999"));
  writer.add(10, text_of("kept"));
  writer.add(19, {"UTC\0x", 5});
  const std::size_t size =
      skiclock::seal_record(skiclock::RecordKind::kSettings, 1, raw, writer.size());
  store.records["settings"].assign(raw, raw + size);
  Clock clock(store);
  CHECK(clock.now().light.brightness == Settings{}.light.brightness);
  CHECK(std::string(clock.now().name) == "kept");
  CHECK(std::string(clock.now().timezone) == "Europe/Stockholm");
}

TEST_CASE("flashed with another identity, the clock connects where that one says") {
  FakeStore store;
  {
    Clock clock(store, club_build());
    clock.settings.apply(text_of(R"({"mqtt_host":"old.example.org","brightness":9})"), 1);
    clock.settings.confirm_connection();
  }
  store.records["identity"] = kIdentity1;
  {
    Clock clock(store, club_build());
    CHECK(std::string(clock.now().mqtt_host) == "broker.example.org");
    CHECK(int(clock.now().light.brightness) == 9);
    clock.settings.apply(text_of(R"({"mqtt_host":"new.example.org"})"), 2);
  }
  CHECK(std::string(Clock(store).now().mqtt_host) == "new.example.org");
}

TEST_CASE("the report holds what is in force, and no secret") {
  FakeStore store;
  store.records["identity"] = kIdentity1;
  Clock clock(store);
  clock.settings.apply(
      text_of(R"({"brightness":7,"night_brightness":24,"night_from":1320,"night_to":360,)"
              R"("current_limit_ma":2000,"colour_main":"ffa028","colour_accent":"#3CA0FF",)"
              R"("colour_warning":"ff2800","screens":["date"],"screen_s":5,"blink_colon":true,)"
              R"("ntp":["a","b"]})"),
      4);
  CHECK(clock.report() ==
        R"({"device_id":"a1b2c3","version":4,"result":"applied","settings":{"name":"Åre mål",)"
        R"("server_url":"https://clocks.example.org","mqtt_host":"broker.example.org",)"
        R"("mqtt_port":8883,"mqtt_username":"e8c5fbbdf5f0","trust":"verified",)"
        R"("topic_prefix":"skiclock","timezone":"Europe/Stockholm","ntp":["a","b"],)"
        R"("brightness":7,"night_brightness":24,"night_from":1320,"night_to":360,)"
        R"("current_limit_ma":2000,"colour_main":"ffa028","colour_accent":"3ca0ff",)"
        R"("colour_warning":"ff2800","screens":["date"],"screen_s":5,"blink_colon":true,)"
        R"("temperature_offset_tenths":0,"panels":"","protocol":2}})");
}

TEST_CASE("a report stays whole in a buffer of any size, or is none") {
  FakeStore store;
  store.records["settings"] = kSettings1;
  Clock clock(store);
  const std::string whole = clock.report();
  for (std::size_t capacity = 0; capacity <= whole.size(); ++capacity) {
    std::vector<char> buffer(capacity);
    skiclock::JsonWriter out(buffer.data(), capacity);
    if (!clock.settings.report(report_message(), out)) continue;
    skiclock::JsonReader reader;
    REQUIRE(reader.parse(out.written()));
    CHECK(reader.root().find("settings").is_object());
    CHECK(out.written().size <= capacity);
  }
}

TEST_CASE("a factory reset forgets what was set and keeps the identity") {
  FakeStore store;
  store.records["identity"] = kIdentity1;
  Clock clock(store);
  clock.settings.apply(text_of(R"({"name":"x","mqtt_host":"y"})"), 1);
  REQUIRE(clock.settings.reset());
  CHECK(std::string(clock.now().name) == "Åre mål");
  CHECK(clock.now().version == 0);
  CHECK_FALSE(clock.settings.is_on_trial());
  CHECK(store.records.count("identity") == 1);
  CHECK(store.records.count("settings") == 0);
}
