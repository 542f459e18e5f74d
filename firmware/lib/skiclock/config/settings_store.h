// The settings in force: read at boot, changed by the server or on the spot, kept in flash.
//
// Of each setting the first of these counts: what was set on the clock, the identity that it was
// flashed with, what the firmware was built with, the default in settings.h. A first-generation
// clock stored nothing of ours, so one that was updated over the air begins with the build's; its
// Wi-Fi networks are AutoConnect's and are not touched.
//
// Only what was set is stored. A record written before the clock was flashed with another identity
// no longer says where to connect: the new identity does.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/messages.h"
#include "skiclock/config/fields.h"
#include "skiclock/config/settings.h"

namespace skiclock {

inline constexpr char kSettingsKey[] = "settings";
inline constexpr char kSettingsBeforeKey[] = "settings_prev";

// How long the network may be up without an answer of the broker before new connection settings
// are taken back.
inline constexpr std::uint32_t kConnectionTrialMs = 10 * 60 * 1000;

struct ApplyResult {
  enum class Outcome : std::uint8_t {
    kApplied,
    kCurrent,  // this version is in force already
    kRefused,  // nothing was changed
  };
  Outcome outcome = Outcome::kRefused;
  char field[32] = "";       // the first bad one, "" where the message as a whole is bad
  const char* why = "";      // in a few words
  std::uint8_t changed = 0;  // FieldGroup bits
};
const char* word_for(ApplyResult::Outcome outcome);  // contract::kReport...

class SettingsStore {
 public:
  // Both outlive this object, and so must the texts of the defaults.
  SettingsStore(StorePort& store, const BuildDefaults& defaults);

  // At boot. Entries that this firmware does not understand are passed over.
  void load();

  // Stays where it is, so that others may keep pointers to its texts.
  const Settings& settings() const { return settings_; }
  bool has_identity() const { return has_identity_; }
  bool has_roots() const { return root_count_ > 0 || defaults_.roots_pem != nullptr; }
  // Whether the stored record was damaged when it was loaded.
  bool was_damaged() const { return was_damaged_; }

  // The settings' object of a `config` message, all or nothing. It takes the place of the message
  // before: what it does not name goes back to what it is without, except where to connect and
  // what was set on the spot; null takes those back too. New connection settings are on trial
  // until `confirm_connection`.
  ApplyResult apply(Text json_object, std::uint32_t version);
  // One setting, on the spot, in its text form; not on trial.
  ApplyResult set(const char* key, const char* text);

  // The broker answered.
  void confirm_connection();
  // Each loop. True: new connection settings came to nothing and were taken back.
  bool poll(bool is_network_up, std::uint32_t now_ms);
  bool is_on_trial() const { return is_on_trial_; }

  // The whole `config/report`, without secrets; fields that no longer fit the writer are left out.
  bool report(const ConfigReport& message, JsonWriter& out) const;

  // Factory reset: what was set is forgotten, the identity stays.
  bool reset();

 private:
  void load_defaults();
  void load_identity();
  void load_stored();
  void take(Text text, std::size_t number, bool is_stored);
  bool check(Text json_object, ApplyResult* result) const;
  void patch(Text json_object, ApplyResult* result);
  const char* check_member(const Field& field, const JsonValue& value) const;
  bool save();
  bool save_record(bool keep_unknown);
  bool has_record(const char* key) const;
  bool copy_record(const char* from, const char* to);
  bool write_empty_record(const char* key);
  bool begin_trial();
  bool take_back();

  StorePort& store_;
  const BuildDefaults& defaults_;
  Settings settings_;
  std::uint32_t stored_ = 0;       // a bit for each field of the table
  std::uint32_t on_the_spot_ = 0;  // of these, set by `set`
  std::uint32_t identity_checksum_ = 0;
  std::uint32_t failed_version_ = 0;  // its connection settings came to nothing
  std::uint32_t trial_ms_ = 0;
  std::uint32_t polled_ms_ = 0;
  std::uint8_t root_count_ = 0;
  bool has_identity_ = false;
  bool was_damaged_ = false;
  bool is_on_trial_ = false;
  bool was_up_ = false;
};

}  // namespace skiclock
