// A POSIX time zone text ("CET-1CEST,M3.5.0,M10.5.0/3") and what it says of an instant.
//
// POSIX.1-2017, Base Definitions 8.3 "TZ", with the hours of -167 to 167 that RFC 8536 adds.
#pragma once

#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

// The day on which a change happens.
enum class DayRule : std::uint8_t {
  kMonthWeekDay,   // Mm.w.d: weekday d of week w of month m; week 5 is the last
  kJulianNoLeap,   // Jn: day 1..365; 29 February is never counted
  kJulianWithLeap  // n: day 0..365; 29 February is counted
};

struct Change {
  DayRule rule = DayRule::kJulianWithLeap;
  std::uint8_t month = 1;
  std::uint8_t week = 1;
  std::uint16_t day = 0;       // weekday, or day of the year
  std::int32_t time_s = 7200;  // of the local time before the change
};

struct PosixZone {
  std::int32_t standard_offset_s = 0;  // east of Greenwich
  std::int32_t summer_offset_s = 0;
  bool has_summer = false;
  Change begin;  // of summer time
  Change end;
};

// False leaves `zone` as it was. Total: any bytes. A summer name without rules is refused,
// because POSIX leaves open which rules those are.
bool parse_posix_zone(Text text, PosixZone* zone);

std::int32_t offset_of(const PosixZone& zone, std::int64_t unix_s);

}  // namespace skiclock
