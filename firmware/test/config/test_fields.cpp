// The table of settings: what each takes and refuses, and its text form there and back.
#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <string>

#include "skiclock/config/fields.h"

using skiclock::Field;
using skiclock::field;
using skiclock::field_with_key;
using skiclock::kFieldCount;
using skiclock::Settings;

namespace {

const Field& named(const char* key) {
  const std::size_t number = field_with_key(key);
  REQUIRE(number < kFieldCount);
  return field(number);
}

std::string formatted(const Field& of, const Settings& settings) {
  char text[skiclock::kMaxValueBytes];
  format(of, settings, text);
  return text;
}

struct Row {
  const char* key;
  const char* text;
  const char* problem;  // null: it is taken
};

}  // namespace

TEST_CASE("keys and tags are unique, and tags below 10 are the record's own") {
  std::set<std::string> keys;
  std::set<int> tags;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    CHECK(keys.insert(field(i).key).second);
    CHECK(tags.insert(field(i).tag).second);
    CHECK(field(i).tag >= 10);
    CHECK(skiclock::field_with_tag(field(i).tag) == i);
    CHECK(field_with_key(field(i).key) == i);
  }
  CHECK(field_with_key("nothing") == kFieldCount);
  CHECK(field_with_key("") == kFieldCount);
  CHECK(skiclock::field_with_tag(0) == kFieldCount);
}

TEST_CASE("the secrets are the password and the key") {
  std::set<std::string> secrets;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (field(i).is_secret) secrets.insert(field(i).key);
  }
  CHECK(secrets == std::set<std::string>{"mqtt_password", "download_api_key"});
}

TEST_CASE("values that are taken and values that are refused") {
  const std::string host63(63, 'h');
  const std::string host64(64, 'h');
  const std::string secret64(64, 's');
  const std::string secret65(65, 's');
  for (const Row& row : {
           Row{"name", "Åre – mål", nullptr},
           Row{"name", "", nullptr},
           Row{"name", "12345678901234567890123456789012", nullptr},
           Row{"name", "123456789012345678901234567890123", "too long"},
           Row{"name", "a\tb", "a control character"},
           Row{"name", "a\x7F", "a control character"},
           Row{"server_url", "https://clocks.example.org", nullptr},
           Row{"server_url", "http://127.0.0.1:8080", nullptr},
           Row{"server_url", "https://[fd00::1]:8443", nullptr},
           Row{"server_url", "https://[]:8443", "no http:// or https:// address of a host"},
           Row{"server_url", "https://[fd00::1", "no http:// or https:// address of a host"},
           Row{"server_url", "https://[x]", "no http:// or https:// address of a host"},
           Row{"server_url", "ftp://x", "no http:// or https:// address of a host"},
           Row{"server_url", "https://", "no http:// or https:// address of a host"},
           Row{"server_url", "https://x/path", "no http:// or https:// address of a host"},
           Row{"server_url", "https://x:0", "no http:// or https:// address of a host"},
           Row{"server_url", "https://x:65536", "no http:// or https:// address of a host"},
           Row{"server_url", "https://user@x", "no http:// or https:// address of a host"},
           Row{"server_url", "clocks.example.org", "no http:// or https:// address of a host"},
           Row{"server_url", "xhttps://y", "no http:// or https:// address of a host"},
           Row{"server_url", "", "must not be empty"},
           Row{"mqtt_host", "broker.example.org", nullptr},
           Row{"mqtt_host", "fe80::1", nullptr},
           Row{"mqtt_host", host63.c_str(), nullptr},
           Row{"mqtt_host", host64.c_str(), "too long"},
           Row{"mqtt_host", "a b", "no host name"},
           Row{"mqtt_host", ".a", "no host name"},
           Row{"mqtt_host", "a\"b", "no host name"},
           Row{"mqtt_host", "å", "no host name"},
           Row{"mqtt_host", "", "must not be empty"},
           Row{"mqtt_port", "1", nullptr},
           Row{"mqtt_port", "65535", nullptr},
           Row{"mqtt_port", "0", "out of range"},
           Row{"mqtt_port", "65536", "out of range"},
           Row{"mqtt_port", "99999999999999999999", "out of range"},
           Row{"mqtt_port", "-1", "out of range"},
           Row{"mqtt_port", "1x", "no whole number"},
           Row{"mqtt_port", "-", "no whole number"},
           Row{"mqtt_port", " 1", "no whole number"},
           Row{"mqtt_port", "", "must not be empty"},
           Row{"mqtt_password", secret64.c_str(), nullptr},
           Row{"mqtt_password", secret65.c_str(), "too long"},
           Row{"mqtt_password", "", nullptr},
           Row{"trust", "verified", nullptr},
           Row{"trust", "plain", nullptr},
           Row{"trust", "Verified", "none of verified, insecure, plain"},
           Row{"trust", "", "must not be empty"},
           Row{"download_api_key", "abc-DEF_123.~", nullptr},
           Row{"download_api_key", "a b", "a character that is not visible ASCII"},
           Row{"download_api_key", "a\r\nX: y", "a character that is not visible ASCII"},
           Row{"topic_prefix", "skiclock", nullptr},
           Row{"topic_prefix", "club/ski-1", nullptr},
           Row{"topic_prefix", "club/#", "no place for that in a topic"},
           Row{"topic_prefix", "club/+", "no place for that in a topic"},
           Row{"topic_prefix", "/club", "a slash at an end"},
           Row{"topic_prefix", "club/", "a slash at an end"},
           Row{"topic_prefix", "", "must not be empty"},
           Row{"timezone", "Europe/Oslo", nullptr},
           Row{"timezone", "<+03>-3", nullptr},
           Row{"timezone", "Mars/Olympus", "unknown time zone"},
           Row{"ntp", "", nullptr},
           Row{"ntp", "a b c", nullptr},
           Row{"ntp", "a b c d", "more than three servers"},
           Row{"ntp", "a  b", "no host name"},
           Row{"ntp", "a;b", "no host name"},
           Row{"ntp", host64.c_str(), "no host name"},
           Row{"brightness", "0", nullptr},
           Row{"brightness", "255", nullptr},
           Row{"brightness", "256", "out of range"},
           Row{"night_from", "1439", nullptr},
           Row{"night_from", "1440", "out of range"},
           Row{"current_limit_ma", "60000", nullptr},
           Row{"current_limit_ma", "99", "out of range"},
           Row{"colour_main", "00ff7F", nullptr},
           Row{"colour_main", "#00ff7f", nullptr},
           Row{"colour_main", "00ff7", "no colour rrggbb"},
           Row{"colour_main", "00ff7g", "no colour rrggbb"},
           Row{"screens", "date", nullptr},
           Row{"screens", "time date temperature time date time", nullptr},
           Row{"screens", "time date temperature time date time time", "more than six screens"},
           Row{"screens", "time moon", "a screen other than time, date, temperature"},
           Row{"screens", "", "must not be empty"},
           Row{"screen_s", "0", "out of range"},
           Row{"blink_colon", "1", nullptr},
           Row{"blink_colon", "2", "out of range"},
           Row{"temperature_offset_tenths", "-200", nullptr},
           Row{"temperature_offset_tenths", "-201", "out of range"},
           Row{"panels", "", nullptr},
           Row{"panels", "4+4", nullptr},
           Row{"panels", "9+9", "no wall like 4+4"},
           Row{"panels", "four", "no wall like 4+4"},
           Row{"protocol", "2", nullptr},
           Row{"protocol", "3", "out of range"},
       }) {
    CAPTURE(row.key);
    CAPTURE(row.text);
    Settings settings;
    const std::string before = formatted(named(row.key), settings);
    const char* checked = parse(named(row.key), row.text, nullptr);
    const char* problem = parse(named(row.key), row.text, &settings);
    CHECK(std::string(checked ? checked : "") == std::string(problem ? problem : ""));
    CHECK(std::string(problem ? problem : "") == std::string(row.problem ? row.problem : ""));
    if (problem != nullptr) CHECK(formatted(named(row.key), settings) == before);
  }
}

TEST_CASE("a value lands where it belongs and nowhere else") {
  Settings settings;
  parse(named("mqtt_port"), "1883", &settings);
  parse(named("trust"), "insecure", &settings);
  parse(named("ntp"), "a b", &settings);
  parse(named("colour_warning"), "#A1b2C3", &settings);
  parse(named("screens"), "temperature time", &settings);
  parse(named("temperature_offset_tenths"), "-15", &settings);
  parse(named("current_limit_ma"), "60000", &settings);
  parse(named("blink_colon"), "0", &settings);
  CHECK(settings.mqtt_port == 1883);
  CHECK(settings.trust == skiclock::Trust::kInsecure);
  CHECK(std::string(settings.ntp[0]) == "a");
  CHECK(std::string(settings.ntp[1]) == "b");
  CHECK(std::string(settings.ntp[2]).empty());
  CHECK(int(settings.light.warning.red) == 0xA1);
  CHECK(int(settings.light.warning.blue) == 0xC3);
  REQUIRE(int(settings.screens.count) == 2);
  CHECK(settings.screens.order[0] == skiclock::Screen::kTemperature);
  CHECK(settings.screens.order[1] == skiclock::Screen::kTime);
  CHECK(settings.temperature_offset_tenths == -15);
  CHECK(settings.light.current_limit_ma == 60000);
  CHECK_FALSE(settings.screens.blink_colon);
  CHECK(settings.light.commanded == skiclock::kBySchedule);
  CHECK(std::string(settings.timezone) == "Europe/Stockholm");
  CHECK(int(settings.screens.seconds) == 5);
}

TEST_CASE("the defaults of every setting are values that it takes, and keep their text form") {
  const Settings defaults;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    CAPTURE(field(i).key);
    const std::string text = formatted(field(i), defaults);
    const bool has_no_default =
        std::string(field(i).key) == "server_url" || std::string(field(i).key) == "mqtt_host";
    if (has_no_default) continue;
    Settings other;
    other.light = {};
    other.light.brightness = 1;
    CHECK(parse(field(i), text.c_str(), &other) == nullptr);
    CHECK(formatted(field(i), other) == text);
  }
}

TEST_CASE("a shorter text leaves nothing of a longer one") {
  Settings settings;
  parse(named("mqtt_password"), "a long secret", &settings);
  parse(named("mqtt_password"), "x", &settings);
  for (std::size_t i = 1; i < sizeof settings.mqtt_password; ++i) {
    CHECK(settings.mqtt_password[i] == '\0');
  }
}

TEST_CASE("JSON gives each kind in its own type and no other") {
  struct Json {
    const char* key;
    const char* json;
    const char* text;     // its text form
    const char* problem;  // or this
  };
  for (const Json& row : {
           Json{"brightness", "12", "12", nullptr},
           Json{"brightness", "\"12\"", nullptr, "no whole number"},
           Json{"brightness", "1.5", nullptr, "no whole number"},
           Json{"brightness", "true", nullptr, "no whole number"},
           Json{"brightness", "4294967297", nullptr, "out of range"},
           Json{"temperature_offset_tenths", "-7", "-7", nullptr},
           Json{"blink_colon", "true", "1", nullptr},
           Json{"blink_colon", "false", "0", nullptr},
           Json{"blink_colon", "1", nullptr, "neither true nor false"},
           Json{"name", "\"\\u00c5re\"", "Åre", nullptr},
           Json{"name", "5", nullptr, "no text"},
           Json{"name", "{}", nullptr, "no text"},
           Json{"ntp", "[\"a\",\"\",\"b\"]", "a b", nullptr},
           Json{"ntp", "[]", "", nullptr},
           Json{"ntp", "\"a\"", nullptr, "no list"},
           Json{"ntp", "[1]", nullptr, "not only texts in the list"},
           Json{"ntp", "[\"a b\"]", nullptr, "a space"},
           Json{"screens", "[\"date\",\"time\"]", "date time", nullptr},
       }) {
    CAPTURE(row.key);
    CAPTURE(row.json);
    skiclock::JsonReader reader;
    REQUIRE(reader.parse(skiclock::text_of(row.json)));
    char text[skiclock::kMaxValueBytes];
    const char* problem = text_form_of(named(row.key), reader.root(), text);
    CHECK(std::string(problem ? problem : "") == std::string(row.problem ? row.problem : ""));
    if (row.text != nullptr) CHECK(std::string(text) == row.text);
  }
}

TEST_CASE("lists that are too long for their text form are refused, not cut") {
  std::string json = "[";
  for (int i = 0; i < 40; ++i) json += (i ? ",\"" : "\"") + std::string(30, 'a') + "\"";
  json += "]";
  skiclock::JsonReader reader;
  REQUIRE(reader.parse({json.data(), json.size()}));
  char text[skiclock::kMaxValueBytes];
  CHECK(std::string(text_form_of(named("ntp"), reader.root(), text)) == "too long");
  const std::string long_word = "[\"" + std::string(64, 'a') + "\"]";
  REQUIRE(reader.parse({long_word.data(), long_word.size()}));
  CHECK(std::string(text_form_of(named("ntp"), reader.root(), text)) == "too long");
}
