// The one table of settings.
#include "skiclock/config/fields.h"

#include <cstring>

#include "contract/contract.h"
#include "skiclock/config/value_rules.h"
#include "skiclock/display/panels.h"

namespace skiclock {
namespace {

using Kind = FieldKind;

#define AT(member)                                    \
  static_cast<std::uint8_t>(sizeof Settings::member), \
      static_cast<std::uint16_t>(offsetof(Settings, member))
#define INSIDE(outer, type, member)               \
  static_cast<std::uint8_t>(sizeof type::member), \
      static_cast<std::uint16_t>(offsetof(Settings, outer) + offsetof(type, member))
#define LIGHT(member) INSIDE(light, LightSettings, member)
#define SCREENS(member) INSIDE(screens, ScreenSettings, member)

// A tag stays with its setting for ever; one that is given up is never used again. Tags below
// 10 belong to the record itself (settings_store.cpp).
constexpr Field kFields[kFieldCount] = {
    // key, tag, kind, group, secret, may be empty, where, min, max
    {"name", 10, Kind::kText, kGroupOther, false, true, AT(name), 0, 0},
    {"server_url", 11, Kind::kUrl, kGroupConnection, false, false, AT(server_url), 0, 0},
    {"mqtt_host", 12, Kind::kHost, kGroupConnection, false, false, AT(mqtt_host), 0, 0},
    {"mqtt_port", 13, Kind::kWhole, kGroupConnection, false, false, AT(mqtt_port), 1, 65535},
    {"mqtt_username", 14, Kind::kText, kGroupConnection, false, true, AT(mqtt_username), 0, 0},
    {"mqtt_password", 15, Kind::kText, kGroupConnection, true, true, AT(mqtt_password), 0, 0},
    {"trust", 16, Kind::kTrust, kGroupConnection, false, false, AT(trust), 0, 0},
    {"download_api_key", 17, Kind::kToken, kGroupConnection, true, true, AT(download_api_key), 0,
     0},
    {"topic_prefix", 18, Kind::kTopic, kGroupConnection, false, false, AT(topic_prefix), 0, 0},
    {"timezone", 19, Kind::kZone, kGroupTime, false, false, AT(timezone), 0, 0},
    {"ntp", 20, Kind::kHosts, kGroupTime, false, true, AT(ntp), 0, 0},
    {"brightness", 21, Kind::kWhole, kGroupDisplay, false, false, LIGHT(brightness), 0, 255},
    {"night_brightness", 22, Kind::kWhole, kGroupDisplay, false, false, LIGHT(night_brightness), 0,
     255},
    {"night_from", 23, Kind::kWhole, kGroupDisplay, false, false, LIGHT(night_from), 0, 1439},
    {"night_to", 24, Kind::kWhole, kGroupDisplay, false, false, LIGHT(night_to), 0, 1439},
    {"current_limit_ma", 25, Kind::kWhole, kGroupDisplay, false, false, LIGHT(current_limit_ma),
     100, 60000},
    {"colour_main", 26, Kind::kColour, kGroupDisplay, false, false, LIGHT(main), 0, 0},
    {"colour_accent", 27, Kind::kColour, kGroupDisplay, false, false, LIGHT(accent), 0, 0},
    {"colour_warning", 28, Kind::kColour, kGroupDisplay, false, false, LIGHT(warning), 0, 0},
    {"screens", 29, Kind::kScreens, kGroupDisplay, false, false, AT(screens), 0, 0},
    {"screen_s", 30, Kind::kWhole, kGroupDisplay, false, false, SCREENS(seconds), 1, 255},
    {"blink_colon", 31, Kind::kSwitch, kGroupDisplay, false, false, SCREENS(blink_colon), 0, 1},
    {"temperature_offset_tenths", 32, Kind::kWhole, kGroupOther, false, false,
     AT(temperature_offset_tenths), -200, 200},
    {"panels", 33, Kind::kPanels, kGroupDisplay, false, true, AT(panels), 0, 0},
    {"protocol", 34, Kind::kWhole, kGroupOther, false, false, AT(protocol), 1, 2},
};

#undef AT
#undef INSIDE
#undef LIGHT
#undef SCREENS

constexpr const char* kTrustWords[] = {contract::kTrustVerified, contract::kTrustInsecure,
                                       contract::kTrustPlain};
struct ScreenWord {
  const char* word;
  Screen screen;
};
constexpr ScreenWord kScreenWords[] = {
    {"time", Screen::kTime}, {"date", Screen::kDate}, {"temperature", Screen::kTemperature}};

// The settings are read and written byte by byte: what lies at an offset has the field's type.
char* place(const Field& field, Settings& settings) {
  return reinterpret_cast<char*>(&settings) + field.offset;
}
const char* place(const Field& field, const Settings& settings) {
  return reinterpret_cast<const char*>(&settings) + field.offset;
}

// Little-endian like every chip that the clock runs on.
void put_whole(const Field& field, std::int32_t value, Settings* settings) {
  if (settings != nullptr) std::memcpy(place(field, *settings), &value, field.size);
}

std::int32_t get_whole(const Field& field, const Settings& settings) {
  std::int32_t value = 0;
  std::memcpy(&value, place(field, settings), field.size);
  if (field.min < 0 && field.size == 2) value = static_cast<std::int16_t>(value);
  return value;
}

void put_text(const Field& field, const char* text, Settings* settings) {
  if (settings != nullptr) std::strncpy(place(field, *settings), text, field.size);
}

const char* parse_trust(const Field& field, const char* text, Settings* settings) {
  for (std::int32_t i = 0; i < 3; ++i) {
    if (std::strcmp(text, kTrustWords[i]) != 0) continue;
    put_whole(field, i, settings);
    return nullptr;
  }
  return "none of verified, insecure, plain";
}

const char* parse_colour(const Field& field, const char* text, Settings* settings) {
  std::uint8_t rgb[3];
  const char* problem = read_colour(text, rgb);
  if (problem == nullptr && settings != nullptr) std::memcpy(place(field, *settings), rgb, 3);
  return problem;
}

const char* parse_hosts(const char* text, Settings* settings) {
  char hosts[kSettingsNtpServers][kHostCapacity] = {};
  std::size_t count = 0;
  char host[kHostCapacity];
  for (const char* rest = text; (rest = next_word(rest, host, sizeof host)) != nullptr; ++count) {
    if (count == kSettingsNtpServers) return "more than three servers";
    if (host[0] == '\0' || check_host(host) != nullptr) return "no host name";
    copy_text(host, hosts[count], kHostCapacity);
  }
  if (settings != nullptr) std::memcpy(settings->ntp, hosts, sizeof hosts);
  return nullptr;
}

const char* parse_screens(const char* text, Settings* settings) {
  ScreenSettings screens;
  screens.count = 0;
  char word[16];
  for (const char* rest = text; (rest = next_word(rest, word, sizeof word)) != nullptr;) {
    if (screens.count == kMaxScreens) return "more than six screens";
    const std::uint8_t before = screens.count;
    for (const ScreenWord& known : kScreenWords) {
      if (std::strcmp(word, known.word) == 0) screens.order[screens.count++] = known.screen;
    }
    if (screens.count == before) return "a screen other than time, date, temperature";
  }
  if (settings == nullptr) return nullptr;
  std::memcpy(settings->screens.order, screens.order, sizeof screens.order);
  settings->screens.count = screens.count;
  return nullptr;
}

const char* check_panels(const char* text) {
  Wall wall;
  return text[0] == '\0' || set_rows(wall, text_of(text)) ? nullptr : "no wall like 4+4";
}

const char* check_zone(const char* text) { return is_zone(text) ? nullptr : "unknown time zone"; }

// Of the kinds that are kept as the text that they are.
const char* check(Kind kind, const char* text) {
  switch (kind) {
    case Kind::kToken:
      return check_token(text);
    case Kind::kHost:
      return check_host(text);
    case Kind::kUrl:
      return check_url(text);
    case Kind::kTopic:
      return check_topic(text);
    case Kind::kZone:
      return check_zone(text);
    case Kind::kPanels:
      return check_panels(text);
    default:
      return check_text(text);
  }
}

void append_word(char text[kMaxValueBytes], const char* word) {
  if (text[0] != '\0') append_text(" ", text, kMaxValueBytes);
  append_text(word, text, kMaxValueBytes);
}

// An array of texts becomes words; empty ones (servers not used) fall away.
const char* join(const JsonValue& list, char text[kMaxValueBytes]) {
  if (!list.is_array()) return "no list";
  text[0] = '\0';
  std::size_t size = 0;
  for (JsonValue value = list.first(); value.exists(); value = value.next()) {
    char word[kHostCapacity];
    if (!value.is_text()) return "not only texts in the list";
    if (!value.read(word, sizeof word)) return "too long";
    if (std::strchr(word, ' ') != nullptr) return "a space";
    if (word[0] == '\0') continue;
    size += std::strlen(word) + 1;
    if (size > kMaxValueBytes) return "too long";
    append_word(text, word);
  }
  return nullptr;
}

const char* screen_word(Screen screen) {
  for (const ScreenWord& known : kScreenWords) {
    if (known.screen == screen) return known.word;
  }
  return kScreenWords[0].word;
}

void write_hex(const char* rgb, char* text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (int i = 0; i < 3; ++i) {
    const auto channel = static_cast<std::uint8_t>(rgb[i]);
    *text++ = kHex[channel >> 4];
    *text++ = kHex[channel & 15U];
  }
  *text = '\0';
}

void write_list(const char* words, JsonWriter& out) {
  char word[kHostCapacity];
  out.begin_array();
  for (const char* rest = words; (rest = next_word(rest, word, sizeof word)) != nullptr;) {
    out.text(word);
  }
  out.end_array();
}

}  // namespace

const Field& field(std::size_t number) { return kFields[number]; }

std::size_t field_with_key(const char* key) {
  std::size_t number = 0;
  while (number < kFieldCount && std::strcmp(kFields[number].key, key) != 0) ++number;
  return number;
}

std::size_t field_with_tag(std::uint8_t tag) {
  std::size_t number = 0;
  while (number < kFieldCount && kFields[number].tag != tag) ++number;
  return number;
}

const char* parse(const Field& field, const char* text, Settings* settings) {
  if (text[0] == '\0' && !field.may_be_empty) return "must not be empty";
  switch (field.kind) {
    case Kind::kWhole:
    case Kind::kSwitch: {
      std::int32_t value = 0;
      const char* problem = read_whole(text, field.min, field.max, &value);
      if (problem == nullptr) put_whole(field, value, settings);
      return problem;
    }
    case Kind::kTrust:
      return parse_trust(field, text, settings);
    case Kind::kColour:
      return parse_colour(field, text, settings);
    case Kind::kHosts:
      return parse_hosts(text, settings);
    case Kind::kScreens:
      return parse_screens(text, settings);
    default:
      break;
  }
  if (std::strlen(text) >= field.size) return "too long";
  const char* problem = check(field.kind, text);
  if (problem == nullptr) put_text(field, text, settings);
  return problem;
}

void format(const Field& field, const Settings& settings, char text[kMaxValueBytes]) {
  text[0] = '\0';
  switch (field.kind) {
    case Kind::kWhole:
    case Kind::kSwitch:
      write_whole(get_whole(field, settings), text);
      break;
    case Kind::kTrust:
      copy_text(kTrustWords[static_cast<std::size_t>(settings.trust) % 3], text, kMaxValueBytes);
      break;
    case Kind::kColour:
      write_hex(place(field, settings), text);
      break;
    case Kind::kHosts:
      for (const auto& host : settings.ntp) {
        if (host[0] != '\0') append_word(text, host);
      }
      break;
    case Kind::kScreens:
      for (std::uint8_t i = 0; i < settings.screens.count && i < kMaxScreens; ++i) {
        append_word(text, screen_word(settings.screens.order[i]));
      }
      break;
    default:
      copy_text(place(field, settings), text, kMaxValueBytes);
  }
}

const char* text_form_of(const Field& field, const JsonValue& value, char text[kMaxValueBytes]) {
  if (field.kind == Kind::kHosts || field.kind == Kind::kScreens) return join(value, text);
  if (field.kind == Kind::kSwitch) {
    bool is_on = false;
    if (!value.read(&is_on)) return "neither true nor false";
    copy_text(is_on ? "1" : "0", text, kMaxValueBytes);
    return nullptr;
  }
  if (field.kind == Kind::kWhole) {
    std::int64_t whole = 0;
    if (!value.read(&whole)) return "no whole number";
    if (whole < field.min || whole > field.max) return "out of range";
    write_whole(static_cast<std::int32_t>(whole), text);
    return nullptr;
  }
  if (!value.is_text()) return "no text";
  return value.read(text, kMaxValueBytes) ? nullptr : "too long";
}

void write_json(const Field& field, const Settings& settings, JsonWriter& out) {
  if (field.kind == Kind::kWhole) {
    out.field(field.key, get_whole(field, settings));
    return;
  }
  if (field.kind == Kind::kSwitch) {
    out.field(field.key, get_whole(field, settings) != 0);
    return;
  }
  char text[kMaxValueBytes];
  format(field, settings, text);
  if (field.kind == Kind::kHosts || field.kind == Kind::kScreens) {
    out.key(field.key);
    write_list(text, out);
  } else {
    out.field(field.key, text);
  }
}

}  // namespace skiclock
