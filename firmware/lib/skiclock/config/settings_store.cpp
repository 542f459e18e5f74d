// The settings in force: read at boot, changed by the server or on the spot, kept in flash.
#include "skiclock/config/settings_store.h"

#include <algorithm>
#include <cstring>

#include "contract/contract.h"
#include "skiclock/config/identity.h"
#include "skiclock/config/record.h"
#include "skiclock/config/value_rules.h"

namespace skiclock {
namespace {

using Outcome = ApplyResult::Outcome;

constexpr std::uint16_t kFormatVersion = 1;
constexpr std::size_t kRecordCapacity = 1024;

// Entries of the record's own; settings have theirs in the contract, from 10 on.
constexpr std::uint8_t kVersionTag = 1;   // of the last `config` message
constexpr std::uint8_t kIdentityTag = 2;  // checksum of the identity at that time
constexpr std::uint8_t kFailedTag = 3;    // the `config` version that was taken back

static_assert(kFieldCount <= 32, "one bit a field");

// On top of a setting's tag: it was set on the spot, not by a `config` message.
constexpr std::uint8_t kOnTheSpot = 0x80;

std::size_t field_of(const Entry& entry) {
  return field_with_tag(static_cast<std::uint8_t>(entry.tag & ~kOnTheSpot));
}

bool is_own(const Entry& entry) { return entry.tag <= kFailedTag || field_of(entry) < kFieldCount; }

// Where to connect stays as it is when a message does not name it: a fleet that was moved to
// another server must not be sent back by the first message of the new one.
std::uint32_t connection_bits() {
  std::uint32_t bits = 0;
  for (std::size_t number = 0; number < kFieldCount; ++number) {
    if (field(number).group == kGroupConnection) bits |= 1U << number;
  }
  return bits;
}

std::uint32_t read_number(Text text) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < text.size; ++i) {
    number = number * 10 + static_cast<std::uint32_t>(text.data[i] - '0');
  }
  return number;
}

void add_number(std::uint8_t tag, std::uint32_t number, EntryWriter& out) {
  char digits[10];
  std::size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  out.add(tag, {digits + at, sizeof digits - at});
}

void remember(const char* name, const char* why, ApplyResult* result) {
  const std::size_t size = std::min(std::strlen(name), sizeof result->field - 1);
  std::memcpy(result->field, name, size);
  result->field[size] = '\0';
  result->why = why;
}

}  // namespace

const char* word_for(Outcome outcome) {
  if (outcome == Outcome::kApplied) return contract::kReportApplied;
  return outcome == Outcome::kCurrent ? contract::kReportCurrent : contract::kReportRefused;
}

// What holds a whole record on the stack must not be inlined below, or several would lie there at
// once: the ESP8266 has 4 kB of stack.

SettingsStore::SettingsStore(StorePort& store, const BuildDefaults& defaults)
    : store_(store), defaults_(defaults) {}

void SettingsStore::load() {
  settings_ = Settings{};
  stored_ = 0;
  on_the_spot_ = 0;
  failed_version_ = 0;
  load_defaults();
  load_identity();
  load_stored();
  is_on_trial_ = has_record(kSettingsBeforeKey);
}

void SettingsStore::load_defaults() {
  char port[12];
  write_whole(defaults_.mqtt_port, port);
  char limit[12];
  write_whole(defaults_.current_limit_ma, limit);
  const struct {
    const char* key;
    const char* value;
  } kBuilt[] = {
      {"name", defaults_.name},
      {"server_url", defaults_.server_url},
      {"mqtt_host", defaults_.mqtt_host},
      {"mqtt_port", defaults_.mqtt_port != 0 ? port : nullptr},
      {"mqtt_username", defaults_.mqtt_username},
      {"mqtt_password", defaults_.mqtt_password},
      {"download_api_key", defaults_.download_api_key},
      {"current_limit_ma", defaults_.current_limit_ma != 0 ? limit : nullptr},
      {"topic_prefix", defaults_.topic_prefix},
      {"trust", defaults_.trust},
  };
  for (const auto& built : kBuilt) {
    if (built.value != nullptr) take(text_of(built.value), field_with_key(built.key), false);
  }
}

[[gnu::noinline]] void SettingsStore::load_identity() {
  std::uint8_t raw[kIdentityCapacity];
  Record record;
  const std::size_t size = store_.read(kIdentityKey, raw, sizeof raw);
  has_identity_ = open_record({raw, size}, RecordKind::kIdentity, &record);
  identity_checksum_ = has_identity_ ? record.checksum : 0;
  root_count_ = 0;
  Entry entry;
  for (EntryReader entries(record.payload); entries.next(&entry);) {
    if (entry.tag == kRootCountTag) root_count_ = entry.value == text_of("0") ? 0 : 1;
    take(entry.value, field_with_tag(entry.tag), false);
  }
}

[[gnu::noinline]] void SettingsStore::load_stored() {
  std::uint8_t raw[kRecordCapacity];
  Record record;
  const std::size_t size = store_.read(kSettingsKey, raw, sizeof raw);
  was_damaged_ = size > 0 && !open_record({raw, size}, RecordKind::kSettings, &record);
  std::uint32_t identity = identity_checksum_;
  Entry entry;
  for (EntryReader entries(record.payload); entries.next(&entry);) {
    if (entry.tag == kVersionTag) settings_.version = read_number(entry.value);
    if (entry.tag == kIdentityTag) identity = read_number(entry.value);
    if (entry.tag == kFailedTag) failed_version_ = read_number(entry.value);
  }
  const bool is_of_this_identity = identity == identity_checksum_ || !has_identity_;
  for (EntryReader entries(record.payload); entries.next(&entry);) {
    const std::size_t number = field_of(entry);
    if (number == kFieldCount) continue;
    if (!is_of_this_identity && field(number).group == kGroupConnection) continue;
    take(entry.value, number, true);
    if ((entry.tag & kOnTheSpot) != 0) on_the_spot_ |= stored_ & 1U << number;
  }
}

// A value that does not stand up to today's rules is left out; what it would cover shines through.
void SettingsStore::take(Text text, std::size_t number, bool is_stored) {
  char value[kMaxValueBytes];
  if (number == kFieldCount || text.size >= sizeof value) return;
  std::memcpy(value, text.data, text.size);
  value[text.size] = '\0';
  if (std::strlen(value) != text.size) return;
  if (parse(field(number), value, &settings_) == nullptr && is_stored) stored_ |= 1U << number;
}

ApplyResult SettingsStore::apply(Text json_object, std::uint32_t version) {
  ApplyResult result;
  if (version != 0 && version == settings_.version) {
    result.outcome = Outcome::kCurrent;
    return result;
  }
  if (version != 0 && version == failed_version_) {
    result.why = "no connection with it";
    return result;
  }
  if (!check(json_object, &result)) return result;
  const std::uint32_t stored_before = stored_;
  patch(json_object, &result);
  settings_.version = version;
  const bool needs_trial = (result.changed & kGroupConnection) != 0 && !is_on_trial_;
  if ((needs_trial && !begin_trial()) || !save()) {
    result.why = "the flash refused";
    result.changed = 0;
    load();
    return result;
  }
  const bool was_something_taken_back = (stored_before & ~stored_) != 0;
  if (was_something_taken_back) load();
  result.outcome = Outcome::kApplied;
  return result;
}

[[gnu::noinline]] bool SettingsStore::check(Text json_object, ApplyResult* result) const {
  JsonReader reader;
  if (!reader.parse(json_object) || !reader.root().is_object()) {
    result->why = "no JSON object, or too large a one";
    return false;
  }
  for (JsonValue value = reader.root().first(); value.exists(); value = value.next()) {
    char key[sizeof result->field];
    const bool is_short = value.read_key(key, sizeof key);
    const std::size_t number = is_short ? field_with_key(key) : kFieldCount;
    const char* problem =
        number == kFieldCount ? "unknown setting" : check_member(field(number), value);
    if (problem == nullptr) continue;
    remember(is_short ? key : "", problem, result);
    return false;
  }
  return true;
}

const char* SettingsStore::check_member(const Field& field, const JsonValue& value) const {
  if (value.is_null()) return nullptr;
  char text[kMaxValueBytes];
  const char* problem = text_form_of(field, value, text);
  if (problem == nullptr) problem = parse(field, text, nullptr);
  const bool needs_roots = problem == nullptr && field.kind == FieldKind::kTrust &&
                           std::strcmp(text, contract::kTrustVerified) == 0;
  return needs_roots && !has_roots() ? "no root certificate to verify with" : problem;
}

// Only after `check`: nothing can fail any more.
[[gnu::noinline]] void SettingsStore::patch(Text json_object, ApplyResult* result) {
  JsonReader reader;
  reader.parse(json_object);
  const std::uint32_t unnamed_before = stored_ & ~(on_the_spot_ | connection_bits());
  stored_ &= ~unnamed_before;
  for (JsonValue value = reader.root().first(); value.exists(); value = value.next()) {
    char key[sizeof result->field];
    char text[kMaxValueBytes];
    char before[kMaxValueBytes];
    value.read_key(key, sizeof key);
    const std::size_t number = field_with_key(key);
    const Field& patched = field(number);
    const std::uint32_t bit = 1U << number;
    on_the_spot_ &= ~bit;
    if (value.is_null()) {
      if ((stored_ & bit) != 0) result->changed |= patched.group;
      stored_ &= ~bit;
      continue;
    }
    format(patched, settings_, before);
    text_form_of(patched, value, text);
    parse(patched, text, &settings_);
    format(patched, settings_, text);
    if (std::strcmp(before, text) != 0) result->changed |= patched.group;
    stored_ |= bit;
  }
  for (std::size_t number = 0; number < kFieldCount; ++number) {
    if ((unnamed_before & ~stored_ & 1U << number) != 0) result->changed |= field(number).group;
  }
}

ApplyResult SettingsStore::set(const char* key, const char* text) {
  ApplyResult result;
  const std::size_t number = field_with_key(key);
  const char* problem =
      number == kFieldCount ? "unknown setting" : parse(field(number), text, nullptr);
  if (problem != nullptr) {
    remember(key, problem, &result);
    return result;
  }
  char before[kMaxValueBytes];
  char after[kMaxValueBytes];
  format(field(number), settings_, before);
  parse(field(number), text, &settings_);
  format(field(number), settings_, after);
  const bool is_same = std::strcmp(before, after) == 0;
  if (is_same && (on_the_spot_ & 1U << number) != 0) {
    result.outcome = Outcome::kCurrent;
    return result;
  }
  stored_ |= 1U << number;
  on_the_spot_ |= 1U << number;
  if (!save()) {
    result.why = "the flash refused";
    load();
    return result;
  }
  if (!is_same) result.changed = field(number).group;
  result.outcome = Outcome::kApplied;
  return result;
}

// What a newer firmware set is kept, unless there is no room for it.
bool SettingsStore::save() { return save_record(true) || save_record(false); }

[[gnu::noinline]] bool SettingsStore::save_record(bool keep_unknown) {
  std::uint8_t raw[kRecordCapacity];
  Record old;
  const std::size_t size = keep_unknown ? store_.read(kSettingsKey, raw, sizeof raw) : 0;
  open_record({raw, size}, RecordKind::kSettings, &old);
  const std::uint16_t version = old.version > kFormatVersion ? old.version : kFormatVersion;
  EntryWriter out(raw + kRecordHeaderBytes, sizeof raw - kRecordHeaderBytes);
  Entry entry;
  for (EntryReader entries(old.payload); entries.next(&entry);) {
    if (!is_own(entry)) out.add(entry.tag, entry.value);
  }
  add_number(kVersionTag, settings_.version, out);
  add_number(kIdentityTag, identity_checksum_, out);
  add_number(kFailedTag, failed_version_, out);
  for (std::size_t number = 0; number < kFieldCount; ++number) {
    if ((stored_ & 1U << number) == 0) continue;
    char text[kMaxValueBytes];
    format(field(number), settings_, text);
    const bool is_on_the_spot = (on_the_spot_ & 1U << number) != 0;
    const unsigned tag = field(number).tag | (is_on_the_spot ? kOnTheSpot : 0U);
    out.add(static_cast<std::uint8_t>(tag), text_of(text));
  }
  if (!out.ok()) return false;
  const std::size_t sealed = seal_record(RecordKind::kSettings, version, raw, out.size());
  return store_.write(kSettingsKey, {raw, sealed});
}

// Keeps the present record aside. Where there is none, an empty one stands for "nothing was set".
bool SettingsStore::begin_trial() {
  trial_ms_ = 0;
  is_on_trial_ = has_record(kSettingsKey) ? copy_record(kSettingsKey, kSettingsBeforeKey)
                                          : write_empty_record(kSettingsBeforeKey);
  return is_on_trial_;
}

void SettingsStore::confirm_connection() {
  if (is_on_trial_ && store_.erase(kSettingsBeforeKey)) is_on_trial_ = false;
}

bool SettingsStore::poll(bool is_network_up, std::uint32_t now_ms) {
  if (is_on_trial_ && is_network_up && was_up_) trial_ms_ += now_ms - polled_ms_;
  polled_ms_ = now_ms;
  was_up_ = is_network_up;
  return is_on_trial_ && trial_ms_ >= kConnectionTrialMs && take_back();
}

bool SettingsStore::take_back() {
  trial_ms_ = 0;
  if (!copy_record(kSettingsBeforeKey, kSettingsKey)) return false;
  const std::uint32_t failed_version = settings_.version;
  load();
  failed_version_ = failed_version;
  save();
  confirm_connection();
  return true;
}

[[gnu::noinline]] bool SettingsStore::has_record(const char* key) const {
  std::uint8_t raw[kRecordCapacity];
  return store_.read(key, raw, sizeof raw) > 0;
}

[[gnu::noinline]] bool SettingsStore::copy_record(const char* from, const char* to) {
  std::uint8_t raw[kRecordCapacity];
  const std::size_t size = store_.read(from, raw, sizeof raw);
  return size > 0 && store_.write(to, {raw, size});
}

[[gnu::noinline]] bool SettingsStore::write_empty_record(const char* key) {
  std::uint8_t raw[kRecordHeaderBytes];
  return store_.write(key, {raw, seal_record(RecordKind::kSettings, kFormatVersion, raw, 0)});
}

bool SettingsStore::report(const ConfigReport& message, JsonWriter& out) const {
  begin(message, out);
  out.begin_object();
  for (std::size_t number = 0; number < kFieldCount && out.ok(); ++number) {
    if (field(number).is_secret) continue;
    const std::size_t before = out.written().size;
    write_json(field(number), settings_, out);
    if (!out.ok() || out.room() < 2) out.rewind(before);
  }
  return out.end_object().end_object().ok();
}

bool SettingsStore::reset() {
  const bool is_erased = store_.erase(kSettingsKey) && store_.erase(kSettingsBeforeKey);
  load();
  return is_erased;
}

}  // namespace skiclock
