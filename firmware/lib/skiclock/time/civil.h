// Calendar dates of the proleptic Gregorian calendar, and seconds since 1970.
//
// After Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms": eras of 400 years, years
// that begin in March.
#pragma once

#include <cstdint>

namespace skiclock {

inline constexpr std::int32_t kSecondsPerDay = 86400;

// A date and a time of day, of whichever zone they were made for. Plain data.
struct Civil {
  std::int32_t year = 1970;
  std::uint8_t month = 1;    // 1..12
  std::uint8_t day = 1;      // 1..31
  std::uint8_t hour = 0;     // 0..23
  std::uint8_t minute = 0;   // 0..59
  std::uint8_t second = 0;   // 0..59
  std::uint8_t weekday = 4;  // 0 is Sunday
};

bool is_leap_year(std::int32_t year);
std::uint8_t days_in_month(std::int32_t year, std::uint8_t month);

// Days since 1 January 1970; `month` 1..12, `day` 1..31 (it may exceed the month's end).
std::int64_t days_of(std::int32_t year, std::uint8_t month, std::uint8_t day);

// The date in UTC; for a zone, add its offset first.
Civil civil_of(std::int64_t unix_s);

// The reverse; `weekday` is ignored.
std::int64_t unix_of(const Civil& civil);

}  // namespace skiclock
