// Time zones: every named one against Python's zoneinfo, and POSIX texts good and bad.
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "skiclock/time/timezone.h"
#include "time/golden_zones.h"

using skiclock::is_zone;
using skiclock::PosixZone;
using skiclock::TimeZone;

namespace {

bool parses(const char* text) {
  PosixZone zone;
  return skiclock::parse_posix_zone({text, std::strlen(text)}, &zone);
}

std::int64_t at(std::int32_t year, std::uint8_t month, std::uint8_t day, std::uint8_t hour,
                std::uint8_t minute = 0, std::uint8_t second = 0) {
  return skiclock::unix_of({year, month, day, hour, minute, second, 0});
}

}  // namespace

TEST_CASE(
    "every named zone has zoneinfo's offset every six hours for 12 years and at each change") {
  for (const GoldenZone& golden : kGoldenZones) {
    CAPTURE(golden.name);
    TimeZone zone;
    REQUIRE(zone.set_by_name(golden.name));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < golden.changes.size(); ++i) {
      const GoldenChange& change = golden.changes[i];
      const bool is_last = i + 1 == golden.changes.size();
      const std::int64_t end = is_last ? kGoldenEnd : golden.changes[i + 1].unix_s;
      for (std::int64_t unix_s = change.unix_s; unix_s < end; unix_s += 6 * 3600) {
        if (zone.offset_s(unix_s) != change.offset_s) ++wrong;
      }
      if (zone.offset_s(end - 1) != change.offset_s) ++wrong;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("the table holds exactly the zones that were compared") {
  CHECK(skiclock::zone_count() == kGoldenZones.size());
  char name[skiclock::kZoneCapacity];
  for (std::size_t i = 0; i < skiclock::zone_count(); ++i) {
    REQUIRE(skiclock::zone_name(i, name, sizeof name));
    CHECK(is_zone(name));
  }
  CHECK_FALSE(skiclock::zone_name(skiclock::zone_count(), name, sizeof name));
}

TEST_CASE("Stockholm is the default and changes at 01:00 UTC on the last Sundays") {
  TimeZone zone;
  CHECK(std::string(zone.name()) == "Europe/Stockholm");
  CHECK(zone.offset_s(at(2027, 3, 28, 0, 59, 59)) == 3600);
  CHECK(zone.offset_s(at(2027, 3, 28, 1)) == 7200);
  CHECK(zone.offset_s(at(2027, 10, 31, 0, 59, 59)) == 7200);
  CHECK(zone.offset_s(at(2027, 10, 31, 1)) == 3600);
  const skiclock::Civil before = zone.local(at(2027, 3, 28, 0, 59, 59));
  const skiclock::Civil after = zone.local(at(2027, 3, 28, 1));
  CHECK(before.hour == 1);
  CHECK(after.hour == 3);
}

TEST_CASE("south of the equator summer spans New Year") {
  TimeZone zone;
  REQUIRE(zone.set("NZST-12NZDT,M9.5.0,M4.1.0/3"));
  CHECK(zone.offset_s(at(2027, 1, 1, 0)) == 13 * 3600);
  CHECK(zone.offset_s(at(2027, 7, 1, 0)) == 12 * 3600);
  CHECK(zone.offset_s(at(2027, 12, 31, 23, 59, 59)) == 13 * 3600);
  CHECK(zone.offset_s(at(2027, 4, 3, 13, 59, 59)) == 13 * 3600);
  CHECK(zone.offset_s(at(2027, 4, 3, 14)) == 12 * 3600);
}

TEST_CASE("Jn leaves 29 February out, n counts it") {
  TimeZone without;
  TimeZone with;
  REQUIRE(without.set("AAA0BBB,J60/0,J300/0"));  // 1 March in every year
  REQUIRE(with.set("AAA0BBB,59/0,300/0"));       // 1 March, in leap years 29 February
  CHECK(without.offset_s(at(2027, 2, 28, 23, 59, 59)) == 0);
  CHECK(without.offset_s(at(2027, 3, 1, 0)) == 3600);
  CHECK(without.offset_s(at(2028, 2, 29, 23, 59, 59)) == 0);
  CHECK(without.offset_s(at(2028, 3, 1, 0)) == 3600);
  CHECK(with.offset_s(at(2027, 2, 28, 23, 59, 59)) == 0);
  CHECK(with.offset_s(at(2027, 3, 1, 0)) == 3600);
  CHECK(with.offset_s(at(2028, 2, 29, 0)) == 3600);
}

TEST_CASE("offsets have either sign, minutes and seconds, and quoted names") {
  TimeZone zone;
  REQUIRE(zone.set("<+03>-3"));
  CHECK(zone.offset_s(0) == 3 * 3600);
  REQUIRE(zone.set("<-0330>3:30:15"));
  CHECK(zone.offset_s(0) == -(3 * 3600 + 30 * 60 + 15));
  REQUIRE(zone.set("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"));
  CHECK(zone.offset_s(at(2027, 1, 15, 0)) == 11 * 3600);
  CHECK(zone.offset_s(at(2027, 7, 15, 0)) == 10 * 3600 + 1800);
}

TEST_CASE("a rule's hours may lie before its day or days after it") {
  TimeZone zone;
  REQUIRE(zone.set("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"));  // Nuuk: Saturday 23:00
  CHECK(zone.offset_s(at(2027, 3, 28, 0, 59, 59)) == -7200);
  CHECK(zone.offset_s(at(2027, 3, 28, 1)) == -3600);
  REQUIRE(zone.set("AAA0BBB,J365/167,J100/0"));  // begins a week after the end of the year
  CHECK(zone.offset_s(at(2027, 1, 6, 22, 59, 59)) == 0);
  CHECK(zone.offset_s(at(2027, 1, 6, 23)) == 3600);
}

TEST_CASE("summer that never ends is summer all year") {
  TimeZone zone;
  REQUIRE(zone.set("EST5EDT,0/0,J365/25"));  // RFC 8536, 3.3.1
  for (std::int64_t unix_s = at(2027, 1, 1, 0); unix_s < at(2029, 2, 1, 0); unix_s += 3600) {
    REQUIRE(zone.offset_s(unix_s) == -4 * 3600);
  }
}

TEST_CASE("what is no POSIX zone is refused and changes nothing") {
  for (const char* bad : {"",
                          "C",
                          "CET",
                          "CE-1",
                          "CET-25",
                          "CET-1:60",
                          "CET-1CEST",
                          "CET-1CEST,M3.5.0",
                          "CET-1CEST,M13.5.0,M10.5.0",
                          "CET-1CEST,M3.6.0,M10.5.0",
                          "CET-1CEST,M3.5.7,M10.5.0",
                          "CET-1CEST,M0.5.0,M10.5.0",
                          "CET-1CEST,J0,J365",
                          "CET-1CEST,J366,J1",
                          "CET-1CEST,366,0",
                          "CET-1CEST,M3.5.0/168,M10.5.0",
                          "CET-1CEST,M3.5.0,M10.5.0/3 ",
                          "<+03-3",
                          "<+>-3",
                          "<+03>",
                          ":Europe/Stockholm",
                          "CET-99999999999999999999",
                          "CET-1CEST,M3.5.0,M10.5.0/3,",
                          "CET--1",
                          "Europe/Stockholm",
                          "<CET>-1<CEST,M3.5.0,M10.5.0/3"}) {
    CAPTURE(bad);
    CHECK_FALSE(parses(bad));
    TimeZone zone;
    CHECK_FALSE(zone.set(bad));
    CHECK(std::string(zone.name()) == "Europe/Stockholm");
    CHECK(zone.offset_s(at(2027, 7, 1, 0)) == 7200);
  }
}

TEST_CASE("a name is known whole and as it is written") {
  CHECK(is_zone("Europe/Oslo"));
  CHECK(is_zone("CET-1CEST,M3.5.0,M10.5.0/3"));
  CHECK_FALSE(is_zone("Europe/Osl"));
  CHECK_FALSE(is_zone("Europe/Oslo2"));
  CHECK_FALSE(is_zone("europe/oslo"));
  CHECK_FALSE(is_zone(""));
  TimeZone zone;
  CHECK_FALSE(zone.set_by_name("CET-1CEST,M3.5.0,M10.5.0/3"));
  CHECK_FALSE(zone.set_by_name_or_posix("Europe/Nowhere"));
  REQUIRE(zone.set_by_name_or_posix("America/Argentina/Buenos_Aires"));
  CHECK(std::string(zone.name()) == "America/Argentina/Buenos_Aires");
  CHECK(zone.offset_s(0) == -3 * 3600);
}

TEST_CASE("a text longer than any zone is refused, not cut") {
  TimeZone zone;
  const std::string longest = "<" + std::string(44, 'A') + ">-1";
  CHECK(zone.set(longest.c_str()));
  CHECK_FALSE(zone.set(("<" + std::string(45, 'A') + ">-1").c_str()));
  CHECK(zone.name() == longest);
}
