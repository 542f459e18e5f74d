// What can be set on a clock. Plain data; who may set what to which value is in fields.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/display/brightness.h"
#include "skiclock/display/screen_plan.h"
#include "skiclock/ports.h"
#include "skiclock/time/timezone.h"

namespace skiclock {

inline constexpr std::size_t kHostCapacity = 64;  // a DNS name of 63 bytes
inline constexpr std::size_t kUrlCapacity = 96;
inline constexpr std::size_t kSecretCapacity = 65;
inline constexpr std::size_t kSettingsNtpServers = 3;

// Texts are terminated UTF-8. Which display settings mean what: display/brightness.h and
// display/screen_plan.h; `light.commanded` is no setting and stays as it is.
struct Settings {
  char name[33] = "";                  // for people
  char server_url[kUrlCapacity] = "";  // https://host[:port], without a path behind it
  char mqtt_host[kHostCapacity] = "";
  std::uint16_t mqtt_port = 8883;
  char mqtt_username[kSecretCapacity] = "";
  char mqtt_password[kSecretCapacity] = "";     // secret
  Trust trust = Trust::kVerified;               // of the broker and of the server
  char download_api_key[kSecretCapacity] = "";  // secret
  char topic_prefix[25] = "skiclock";
  char timezone[kZoneCapacity] = "Europe/Stockholm";  // a name or a POSIX text
  char ntp[kSettingsNtpServers][kHostCapacity] = {"pool.ntp.org", "time.cloudflare.com",
                                                  "time.google.com"};
  LightSettings light;
  ScreenSettings screens;
  std::int16_t temperature_offset_tenths = 0;  // added to what the sensor says
  char panels[12] = "";                        // "4+4" in place of the board's rows; "": those
  std::uint8_t protocol = 1;                   // 2 where the server is known to speak it
  std::uint32_t version = 0;                   // of the server's last `config` message
};

// What the firmware was built with; null pointers and 0 where it was built without.
struct BuildDefaults {
  const char* name = nullptr;
  const char* server_url = nullptr;
  const char* mqtt_host = nullptr;
  std::uint16_t mqtt_port = 0;
  const char* mqtt_username = nullptr;
  const char* mqtt_password = nullptr;
  const char* download_api_key = nullptr;
  std::uint16_t current_limit_ma = 0;  // what the wall's supply can give
  const char* topic_prefix = nullptr;
  const char* trust = nullptr;      // "verified", "insecure" or "plain"
  const char* roots_pem = nullptr;  // one or two, one behind the other
};

}  // namespace skiclock
