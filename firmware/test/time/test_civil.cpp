// Calendar dates: back and forth over every day, and the days that are easily got wrong.
#include <doctest/doctest.h>

#include <initializer_list>

#include "skiclock/time/civil.h"

using skiclock::Civil;
using skiclock::civil_of;
using skiclock::days_in_month;
using skiclock::days_of;
using skiclock::unix_of;

TEST_CASE("every day of 800 years follows the one before and has its own number") {
  std::int64_t day = days_of(1600, 1, 1);
  for (std::int32_t year = 1600; year < 2400; ++year) {
    for (std::uint8_t month = 1; month <= 12; ++month) {
      for (std::uint8_t of_month = 1; of_month <= days_in_month(year, month); ++of_month, ++day) {
        const Civil civil = civil_of(day * 86400 + 86399);
        const bool is_right = days_of(year, month, of_month) == day && civil.year == year &&
                              civil.month == month && civil.day == of_month &&
                              civil.weekday == ((day + 4) % 7 + 7) % 7;
        if (!is_right) FAIL(year << "-" << int(month) << "-" << int(of_month));
      }
    }
  }
  CHECK(day == days_of(2400, 1, 1));
}

TEST_CASE("the time of day is kept, before 1970 too") {
  for (const std::int64_t unix_s :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{86399}, std::int64_t{-86400},
        std::int64_t{1767225599}, std::int64_t{4102444800}, std::int64_t{-62135596800}}) {
    CHECK(unix_of(civil_of(unix_s)) == unix_s);
  }
  const Civil before = civil_of(-1);
  CHECK(before.year == 1969);
  CHECK(before.hour == 23);
  CHECK(before.second == 59);
  CHECK(before.weekday == 3);
}

TEST_CASE("29 February is there in leap years only") {
  CHECK(days_in_month(2028, 2) == 29);
  CHECK(days_in_month(2000, 2) == 29);
  CHECK(days_in_month(2100, 2) == 28);
  CHECK(days_in_month(2027, 2) == 28);
  const Civil leap = civil_of(1835395200);  // from `date -d @1835395200`
  CHECK(leap.month == 2);
  CHECK(leap.day == 29);
  CHECK(leap.weekday == 2);
}
