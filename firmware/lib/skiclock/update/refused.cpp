// Versions that were tried and fell back.
#include "skiclock/update/refused.h"

#include <array>

#include "skiclock/update/text.h"
#include "skiclock/update/update_record.h"

namespace skiclock {
namespace {

constexpr char kKey[] = "refused";
constexpr std::uint8_t kMaxStrikes = 2;

struct RefusedEntry {
  char version[kMaxVersionLength + 1] = "";
  std::uint8_t strikes = 0;
  std::uint32_t session = 0;  // CRC of the session that struck last
};

// The oldest first; entries without a version are free.
using Entries = std::array<RefusedEntry, 4>;

Entries load(StorePort& store) {
  std::uint8_t buffer[kMaxUpdateRecordBytes];
  RecordReader record(RecordKind::kRefused, {buffer, store.read(kKey, buffer, sizeof buffer)});
  Entries entries;
  for (RefusedEntry& entry : entries) {
    record.take_text(entry.version);
    entry.strikes = record.take_byte();
    entry.session = record.take_number();
  }
  return record.is_at_end() ? entries : Entries{};
}

bool save(StorePort& store, const Entries& entries) {
  RecordWriter record;
  for (const RefusedEntry& entry : entries) {
    record.add_text(entry.version).add_byte(entry.strikes).add_number(entry.session);
  }
  const Bytes bytes = record.finish(RecordKind::kRefused);
  return bytes.size > 0 && store.write(kKey, bytes);
}

RefusedEntry* find(Entries& entries, Text version) {
  for (RefusedEntry& entry : entries) {
    if (entry.version[0] != '\0' && text_of(entry.version) == version) return &entry;
  }
  return nullptr;
}

// An entry for this version: the one it has, a free one, or the oldest one's.
RefusedEntry* make_room(Entries& entries, Text version, Text running) {
  RefusedEntry* const known = find(entries, version);
  if (known != nullptr) return known;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_newer(text_of(entries[i].version), running)) entries[kept++] = entries[i];
  }
  if (kept == entries.size()) {
    for (std::size_t i = 1; i < entries.size(); ++i) entries[i - 1] = entries[i];
    --kept;
  }
  for (std::size_t i = kept; i < entries.size(); ++i) entries[i] = {};
  return copy_text(version, entries[kept].version) ? &entries[kept] : nullptr;
}

}  // namespace

bool RefusedVersions::contains(Text version) {
  Entries entries = load(store_);
  const RefusedEntry* const entry = find(entries, version);
  return entry != nullptr && entry->strikes >= kMaxStrikes;
}

bool RefusedVersions::add(Text version, Text running) {
  Entries entries = load(store_);
  RefusedEntry* const entry = make_room(entries, version, running);
  if (entry == nullptr) return false;
  entry->strikes = kMaxStrikes;
  return save(store_, entries);
}

bool RefusedVersions::strike(Text version, Text session_id, Text running) {
  Entries entries = load(store_);
  RefusedEntry* const entry = make_room(entries, version, running);
  if (entry == nullptr) return false;
  const std::uint32_t session = crc32(bytes_of(session_id));
  if (entry->strikes > 0 && entry->session == session) return true;
  entry->session = session;
  if (entry->strikes < kMaxStrikes) ++entry->strikes;
  return save(store_, entries);
}

}  // namespace skiclock
