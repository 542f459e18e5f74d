// Any text as a time zone: whatever is taken has one of its two offsets at every instant.
#include <cstdint>
#include <initializer_list>

#include "input.h"
#include "skiclock/time/posix_zone.h"

using skiclock::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::PosixZone zone;
  if (!skiclock::parse_posix_zone(skiclock::text_of(skiclock::Bytes{data, size}), &zone)) return 0;
  require(zone.standard_offset_s >= -90000 && zone.standard_offset_s <= 90000);
  require(zone.summer_offset_s >= -93600 && zone.summer_offset_s <= 93600);
  for (const std::int64_t unix_s :
       {std::int64_t{-62135596800}, std::int64_t{0}, std::int64_t{1795521600},
        std::int64_t{1798761600}, std::int64_t{4102444800}, std::int64_t{253402300799}}) {
    const std::int32_t offset_s = offset_of(zone, unix_s);
    require(offset_s == zone.standard_offset_s || offset_s == zone.summer_offset_s);
  }
  return 0;
}
