// Calendar dates of the proleptic Gregorian calendar, and seconds since 1970.
#include "skiclock/time/civil.h"

namespace skiclock {
namespace {

constexpr std::int64_t kDaysPerEra = 146097;
constexpr std::int64_t kDaysToEpoch = 719468;  // 1 March of year 0 to 1 January 1970

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value >= 0 ? value / by : -((by - 1 - value) / by);
}

}  // namespace

bool is_leap_year(std::int32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

std::uint8_t days_in_month(std::int32_t year, std::uint8_t month) {
  if (month == 2) return is_leap_year(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

std::int64_t days_of(std::int32_t year, std::uint8_t month, std::uint8_t day) {
  const std::int64_t march_year = static_cast<std::int64_t>(year) - (month <= 2 ? 1 : 0);
  const std::int64_t era = floor_divide(march_year, 400);
  const std::int64_t year_of_era = march_year - era * 400;
  const std::int64_t march_month = month > 2 ? month - 3 : month + 9;
  const std::int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysToEpoch;
}

Civil civil_of(std::int64_t unix_s) {
  const std::int64_t days = floor_divide(unix_s, kSecondsPerDay);
  const auto second_of_day = static_cast<std::int32_t>(unix_s - days * kSecondsPerDay);
  const std::int64_t shifted = days + kDaysToEpoch;
  const std::int64_t era = floor_divide(shifted, kDaysPerEra);
  const std::int64_t day_of_era = shifted - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  Civil civil;
  civil.month = static_cast<std::uint8_t>(march_month < 10 ? march_month + 3 : march_month - 9);
  civil.day = static_cast<std::uint8_t>(day_of_year - (153 * march_month + 2) / 5 + 1);
  civil.year = static_cast<std::int32_t>(year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0));
  civil.hour = static_cast<std::uint8_t>(second_of_day / 3600);
  civil.minute = static_cast<std::uint8_t>(second_of_day / 60 % 60);
  civil.second = static_cast<std::uint8_t>(second_of_day % 60);
  civil.weekday = static_cast<std::uint8_t>(days + 4 - floor_divide(days + 4, 7) * 7);
  return civil;
}

std::int64_t unix_of(const Civil& civil) {
  const std::int64_t seconds = civil.hour * 3600 + civil.minute * 60 + civil.second;
  return days_of(civil.year, civil.month, civil.day) * kSecondsPerDay + seconds;
}

}  // namespace skiclock
