// A clock's settings over a fake flash, and what tests of them share.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "fakes/fake_store.h"
#include "skiclock/config/record.h"
#include "skiclock/config/settings_store.h"

using skiclock::text_of;

inline skiclock::BuildDefaults club_build() {
  skiclock::BuildDefaults defaults;
  defaults.server_url = "https://built.example.org";
  defaults.mqtt_host = "built.example.org";
  defaults.mqtt_port = 1883;
  defaults.mqtt_username = "built-user";
  defaults.mqtt_password = "built-password";
  defaults.download_api_key = "built-key";
  defaults.trust = "insecure";
  return defaults;
}

inline skiclock::ConfigReport report_message() {
  skiclock::ConfigReport message;
  message.device_id = text_of("a1b2c3");
  message.version = 4;
  message.result = text_of("applied");
  return message;
}

// One boot of a clock.
struct Clock {
  skiclock::BuildDefaults defaults;
  skiclock::SettingsStore settings;

  explicit Clock(skiclock::fakes::FakeStore& store, const skiclock::BuildDefaults& build = {})
      : defaults(build), settings(store, defaults) {
    settings.load();
  }
  const skiclock::Settings& now() const { return settings.settings(); }
  std::string report() const {
    char buffer[2048];
    skiclock::JsonWriter out(buffer, sizeof buffer);
    REQUIRE(settings.report(report_message(), out));
    return {out.written().data, out.written().size};
  }
};

// A value that needs as many bytes as the setting can.
inline std::string longest_value(const skiclock::Field& field) {
  using Kind = skiclock::FieldKind;
  const std::string filled(field.size - 1U, 'x');
  switch (field.kind) {
    case Kind::kUrl:
      return "https://" + filled.substr(8);
    case Kind::kZone:
      return "<" + filled.substr(4) + ">-1";
    case Kind::kHosts: {
      const std::string host(skiclock::kHostCapacity - 1, 'h');
      return host + " " + host + " " + host;
    }
    case Kind::kWhole:
    case Kind::kSwitch:
      return std::to_string(field.min < 0 ? field.min : field.max);
    case Kind::kTrust:
      return "insecure";
    case Kind::kColour:
      return "a1b2c3";
    case Kind::kScreens:
      return "temperature temperature temperature temperature temperature temperature";
    case Kind::kPanels:
      return "2+2+2+2";
    default:
      return filled;
  }
}
