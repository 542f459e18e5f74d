// The clock's time zone, chosen by its name or by a POSIX text.
#include "skiclock/time/timezone.h"

#include <cstring>

#include "skiclock/time/zone_table.h"

namespace skiclock {
namespace {

static_assert(sizeof kZoneTable % 4 == 0, "the last word must be within the table");

using FlashWord __attribute__((may_alias)) = std::uint32_t;

// All chips that the clock runs on are little-endian.
char table_at(std::size_t offset) {
  const auto* words = reinterpret_cast<const volatile FlashWord*>(kZoneTable);
  return static_cast<char>(words[offset / 4] >> offset % 4 * 8);
}

// Walks the table's texts in the flash.
class TableCursor {
 public:
  bool is_at_empty() const { return table_at(at_) == '\0'; }
  void skip() {
    while (table_at(at_) != '\0') ++at_;
    ++at_;
  }
  bool is_equal(const char* text) const {
    std::size_t at = at_;
    while (*text != '\0' && table_at(at) == *text) ++at, ++text;
    return *text == '\0' && table_at(at) == '\0';
  }
  bool copy(char* text, std::size_t capacity) const {
    for (std::size_t i = 0; i < capacity; ++i) {
      text[i] = table_at(at_ + i);
      if (text[i] == '\0') return true;
    }
    return false;
  }

 private:
  std::size_t at_ = 0;
};

}  // namespace

TimeZone::TimeZone() { set_by_name(kDefaultZone); }

bool TimeZone::set(const char* posix) { return adopt(posix, posix); }

bool TimeZone::set_by_name(const char* name) {
  char posix[kZoneCapacity];
  return posix_of(name, posix, sizeof posix) && adopt(posix, name);
}

bool TimeZone::set_by_name_or_posix(const char* text) { return set_by_name(text) || set(text); }

bool TimeZone::adopt(const char* posix, const char* name) {
  const std::size_t size = std::strlen(name);
  if (size >= sizeof name_) return false;
  if (!parse_posix_zone({posix, std::strlen(posix)}, &zone_)) return false;
  std::memmove(name_, name, size + 1);
  return true;
}

bool is_zone(const char* text) {
  TimeZone zone;
  return zone.set_by_name_or_posix(text);
}

bool posix_of(const char* name, char* posix, std::size_t capacity) {
  if (name[0] == '\0') return false;
  for (TableCursor cursor; !cursor.is_at_empty(); cursor.skip()) {
    const TableCursor rule = cursor;
    for (cursor.skip(); !cursor.is_at_empty(); cursor.skip()) {
      if (cursor.is_equal(name)) return rule.copy(posix, capacity);
    }
  }
  return false;
}

std::size_t zone_count() {
  std::size_t count = 0;
  for (TableCursor cursor; !cursor.is_at_empty(); cursor.skip()) {
    for (cursor.skip(); !cursor.is_at_empty(); cursor.skip()) ++count;
  }
  return count;
}

bool zone_name(std::size_t number, char* name, std::size_t capacity) {
  for (TableCursor cursor; !cursor.is_at_empty(); cursor.skip()) {
    for (cursor.skip(); !cursor.is_at_empty(); cursor.skip()) {
      if (number-- == 0) return cursor.copy(name, capacity);
    }
  }
  return false;
}

}  // namespace skiclock
