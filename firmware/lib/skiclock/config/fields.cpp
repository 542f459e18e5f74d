// Every setting: where it is kept, how it is read and written.
#include "skiclock/config/fields.h"

#include <cstring>

#include "contract/contract.h"
#include "skiclock/config/value_rules.h"
#include "skiclock/display/panels.h"

namespace skiclock {
namespace {

using Kind = FieldKind;

// Where a setting is kept.
struct Place {
  const char* key;
  FieldGroup group;
  std::uint8_t size;
  std::uint16_t offset;
};

#define AT(member)                                    \
  static_cast<std::uint8_t>(sizeof Settings::member), \
      static_cast<std::uint16_t>(offsetof(Settings, member))
#define INSIDE(outer, type, member)               \
  static_cast<std::uint8_t>(sizeof type::member), \
      static_cast<std::uint16_t>(offsetof(Settings, outer) + offsetof(type, member))
#define LIGHT(member) INSIDE(light, LightSettings, member)
#define SCREENS(member) INSIDE(screens, ScreenSettings, member)

// In the contract's order.
constexpr Place kPlaces[] = {
    {"name", kGroupOther, AT(name)},
    {"server_url", kGroupConnection, AT(server_url)},
    {"mqtt_host", kGroupConnection, AT(mqtt_host)},
    {"mqtt_port", kGroupConnection, AT(mqtt_port)},
    {"mqtt_username", kGroupConnection, AT(mqtt_username)},
    {"mqtt_password", kGroupConnection, AT(mqtt_password)},
    {"trust", kGroupConnection, AT(trust)},
    {"download_api_key", kGroupConnection, AT(download_api_key)},
    {"topic_prefix", kGroupConnection, AT(topic_prefix)},
    {"timezone", kGroupTime, AT(timezone)},
    {"ntp", kGroupTime, AT(ntp)},
    {"brightness", kGroupDisplay, LIGHT(brightness)},
    {"night_brightness", kGroupDisplay, LIGHT(night_brightness)},
    {"night_from", kGroupDisplay, LIGHT(night_from)},
    {"night_to", kGroupDisplay, LIGHT(night_to)},
    {"current_limit_ma", kGroupDisplay, LIGHT(current_limit_ma)},
    {"colour_main", kGroupDisplay, LIGHT(main)},
    {"colour_accent", kGroupDisplay, LIGHT(accent)},
    {"colour_warning", kGroupDisplay, LIGHT(warning)},
    {"screens", kGroupDisplay, AT(screens)},
    {"screen_s", kGroupDisplay, SCREENS(seconds)},
    {"blink_colon", kGroupDisplay, SCREENS(blink_colon)},
    {"temperature_offset_tenths", kGroupOther, AT(temperature_offset_tenths)},
    {"panels", kGroupDisplay, AT(panels)},
    {"protocol", kGroupOther, AT(protocol)},
};

#undef AT
#undef INSIDE
#undef LIGHT
#undef SCREENS

constexpr bool is_same(const char* left, const char* right) {
  while (*left != '\0' && *left == *right) ++left, ++right;
  return *left == *right;
}

// A text's room is what the contract promises.
constexpr bool fits(const contract::Setting& setting, const Place& place) {
  return is_same(setting.key, place.key) &&
         (setting.max_bytes == 0 || setting.max_bytes + 1 == place.size);
}

struct Fields {
  Field of[kFieldCount];
  bool do_fit;
};

constexpr Fields joined() {
  Fields fields{};
  fields.do_fit = std::size(kPlaces) == kFieldCount;
  for (std::size_t i = 0; i < kFieldCount && fields.do_fit; ++i) {
    const contract::Setting& setting = contract::kSettings[i];
    const Place& place = kPlaces[i];
    fields.do_fit = fits(setting, place);
    fields.of[i] = {setting.key,          setting.tag, setting.kind, place.group, setting.is_secret,
                    setting.may_be_empty, place.size,  place.offset, setting.min, setting.max};
  }
  return fields;
}

constexpr Fields kJoined = joined();
static_assert(kJoined.do_fit, "the places must follow the contract's settings");
constexpr const Field (&kFields)[kFieldCount] = kJoined.of;

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
    case Kind::kKey:
      return check_key(text);
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
