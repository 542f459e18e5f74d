// Every setting: where it is kept, how it is read and written. Names, numbers, kinds and bounds
// come from the contract (backend/contract/settings.py).
//
// Each setting has one text form, which is what is stored and what an identity holds:
//   whole numbers    decimal
//   switches         "0" or "1" (true and false in JSON)
//   colours          "rrggbb", lower case
//   ntp, screens     words with one space between (an array of texts in JSON)
//   everything else  itself
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "contract/contract.h"
#include "contract/json.h"
#include "skiclock/config/settings.h"

namespace skiclock {

// What a value must be like:
//   kText     UTF-8 without control characters
//   kKey      visible ASCII: goes into an HTTP header
//   kHost     letters, digits, `.`, `-`, `_`, `:` (IPv6)
//   kUrl      http:// or https://, a host, perhaps a port
//   kTopic    MQTT topic levels, no wildcards, no slash at either end
//   kZone     a known name or a POSIX text
//   kHosts    up to three hosts
//   kWhole    between `min` and `max`
//   kSwitch   yes or no
//   kTrust    verified, insecure, plain
//   kColour   rrggbb
//   kScreens  one to six of time, date, temperature
//   kPanels   "4+4"; "" for what the board has
using FieldKind = contract::SettingKind;

// Whom a changed setting concerns; bits of a mask.
enum FieldGroup : std::uint8_t {
  kGroupConnection = 1,  // connect anew
  kGroupTime = 2,        // zone, servers
  kGroupDisplay = 4,     // light, screens, panels
  kGroupOther = 8,
};

struct Field {
  const char* key;
  std::uint8_t tag;
  FieldKind kind;
  FieldGroup group;
  bool is_secret;
  bool may_be_empty;
  std::uint8_t size;  // in `Settings`, in bytes
  std::uint16_t offset;
  std::int32_t min;
  std::int32_t max;
};

inline constexpr std::size_t kFieldCount = std::size(contract::kSettings);
inline constexpr std::size_t kMaxValueBytes = 3 * kHostCapacity;  // of a text form, terminated

const Field& field(std::size_t number);
// kFieldCount where there is none.
std::size_t field_with_key(const char* key);
std::size_t field_with_tag(std::uint8_t tag);

// Reads a text form, and writes it into `settings` unless that is null. Returns null, or what is
// wrong in a few words; then nothing is written.
const char* parse(const Field& field, const char* text, Settings* settings);

// Writes the text form, terminated.
void format(const Field& field, const Settings& settings, char text[kMaxValueBytes]);

// Makes the text form of a JSON value. Returns null, or what is wrong in a few words.
const char* text_form_of(const Field& field, const JsonValue& value, char text[kMaxValueBytes]);

// Writes key and value.
void write_json(const Field& field, const Settings& settings, JsonWriter& out);

}  // namespace skiclock
