// The clock's time zone, chosen by its name or by a POSIX text.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"
#include "skiclock/time/civil.h"
#include "skiclock/time/posix_zone.h"

namespace skiclock {

inline constexpr char kDefaultZone[] = "Europe/Stockholm";
inline constexpr std::size_t kZoneCapacity = 49;  // the longest name or POSIX text, terminated

class TimeZone {
 public:
  TimeZone();  // kDefaultZone

  // "CET-1CEST,M3.5.0,M10.5.0/3". False leaves the zone as it was, here and below.
  bool set(const char* posix);
  // "Europe/Stockholm": one of the names in zone_table.h.
  bool set_by_name(const char* name);
  // Whichever of the two it is.
  bool set_by_name_or_posix(const char* text);

  // Seconds east of Greenwich at that instant.
  std::int32_t offset_s(std::int64_t unix_s) const { return offset_of(zone_, unix_s); }
  Civil local(std::int64_t unix_s) const { return civil_of(unix_s + offset_s(unix_s)); }
  // What it was set by.
  const char* name() const { return name_; }

 private:
  bool adopt(const char* posix, const char* name);

  PosixZone zone_;
  char name_[kZoneCapacity] = "";
};

// Whether `set_by_name_or_posix` would take it.
bool is_zone(const char* text);

// Writes the POSIX text of a named zone, terminated. False where the name is not known.
bool posix_of(const char* name, char* posix, std::size_t capacity);

// How many names there are, and each by its number: for tests and for a list of them.
std::size_t zone_count();
bool zone_name(std::size_t number, char* name, std::size_t capacity);

}  // namespace skiclock
