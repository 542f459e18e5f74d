// Records in flash: the envelope, damage of every bit, entries.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "config/golden_records.h"
#include "skiclock/config/record.h"

using skiclock::Bytes;
using skiclock::Entry;
using skiclock::EntryReader;
using skiclock::EntryWriter;
using skiclock::open_record;
using skiclock::Record;
using skiclock::RecordKind;
using skiclock::text_of;

namespace {

Bytes bytes_in(const std::vector<std::uint8_t>& record) { return {record.data(), record.size()}; }

std::string string_of(skiclock::Text text) { return {text.data, text.size}; }

}  // namespace

TEST_CASE("the checksum is zlib's, in one piece or in two") {
  const Bytes check = skiclock::bytes_of(text_of("123456789"));
  CHECK(skiclock::crc32(check) == 0xCBF43926U);
  CHECK(skiclock::crc32({check.data + 4, 5}, skiclock::crc32({check.data, 4})) == 0xCBF43926U);
  CHECK(skiclock::crc32({}) == 0);
}

TEST_CASE("a record that Python wrote is opened") {
  Record record;
  REQUIRE(open_record(bytes_in(kIdentity1), RecordKind::kIdentity, &record));
  CHECK(record.version == 1);
  EntryReader entries(record.payload);
  Entry entry;
  REQUIRE(entries.next(&entry));
  CHECK(int(entry.tag) == 4);
  CHECK(string_of(entry.value) == "2");
  REQUIRE(entries.next(&entry));
  CHECK(string_of(entry.value) == "Åre mål");
}

TEST_CASE("a record of another kind is not this one") {
  Record record;
  CHECK_FALSE(open_record(bytes_in(kIdentity1), RecordKind::kSettings, &record));
  CHECK_FALSE(open_record(bytes_in(kSettings1), RecordKind::kRoot, &record));
}

TEST_CASE("what an erased sector has behind the record is not read") {
  std::vector<std::uint8_t> sector = kIdentity1;
  sector.resize(832, 0xFF);
  Record record;
  REQUIRE(open_record(bytes_in(sector), RecordKind::kIdentity, &record));
  CHECK(record.payload.size == kIdentity1.size() - skiclock::kRecordHeaderBytes);
}

TEST_CASE("one flipped bit anywhere, and the record is refused") {
  for (std::size_t bit = 0; bit < kIdentity1.size() * 8; ++bit) {
    std::vector<std::uint8_t> damaged = kIdentity1;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
    Record record;
    REQUIRE_FALSE(open_record(bytes_in(damaged), RecordKind::kIdentity, &record));
  }
}

TEST_CASE("a record that is cut anywhere is refused") {
  for (std::size_t size = 0; size < kIdentity1.size(); ++size) {
    const std::vector<std::uint8_t> cut(kIdentity1.begin(),
                                        kIdentity1.begin() + static_cast<std::ptrdiff_t>(size));
    Record record;
    REQUIRE_FALSE(open_record(bytes_in(cut), RecordKind::kIdentity, &record));
  }
}

TEST_CASE("an empty flash holds no record") {
  const std::vector<std::uint8_t> erased(4096, 0xFF);
  const std::vector<std::uint8_t> zeros(4096, 0);
  Record record;
  CHECK_FALSE(open_record(bytes_in(erased), RecordKind::kIdentity, &record));
  CHECK_FALSE(open_record(bytes_in(zeros), RecordKind::kIdentity, &record));
  CHECK_FALSE(open_record({}, RecordKind::kIdentity, &record));
}

TEST_CASE("what is sealed is opened, an empty payload too") {
  std::uint8_t raw[64];
  std::memset(raw, 0xAB, sizeof raw);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{52}}) {
    const std::size_t sealed = skiclock::seal_record(RecordKind::kJournal, 513, raw, size);
    CHECK(sealed == size + 12);
    Record record;
    REQUIRE(open_record({raw, sealed}, RecordKind::kJournal, &record));
    CHECK(record.version == 513);
    CHECK(record.payload.size == size);
  }
}

TEST_CASE("entries come back as they went in") {
  std::uint8_t payload[600];
  EntryWriter writer(payload, sizeof payload);
  const std::string longest(255, 'x');
  writer.add(1, text_of(""));
  writer.add(255, text_of(longest.c_str()));
  writer.add(7, text_of("seven"));
  REQUIRE(writer.ok());
  EntryReader reader({payload, writer.size()});
  Entry entry;
  REQUIRE(reader.next(&entry));
  CHECK(entry.value.size == 0);
  REQUIRE(reader.next(&entry));
  CHECK(int(entry.tag) == 255);
  CHECK(string_of(entry.value) == longest);
  REQUIRE(reader.next(&entry));
  CHECK(string_of(entry.value) == "seven");
  CHECK_FALSE(reader.next(&entry));
}

TEST_CASE("an entry that does not fit is not written, and none behind it") {
  std::uint8_t payload[8];
  EntryWriter writer(payload, sizeof payload);
  writer.add(1, text_of("abc"));
  writer.add(2, text_of("de"));
  CHECK_FALSE(writer.ok());
  writer.add(3, text_of(""));
  CHECK_FALSE(writer.ok());
  CHECK(writer.size() == 5);
  std::uint8_t large[400];
  EntryWriter too_long(large, sizeof large);
  too_long.add(1, text_of(std::string(256, 'x').c_str()));
  CHECK_FALSE(too_long.ok());
}

TEST_CASE("an entry that is cut is not there") {
  const std::uint8_t payload[] = {1, 2, 'a', 'b', 2, 9, 'c'};
  Entry entry;
  EntryReader reader({payload, sizeof payload});
  CHECK(reader.next(&entry));
  CHECK_FALSE(reader.next(&entry));
  EntryReader tag_alone({payload, 1});
  CHECK_FALSE(tag_alone.next(&entry));
}

TEST_CASE("entries can be moved forward in their own buffer") {
  std::uint8_t payload[] = {1, 3, 'o', 'u', 't', 2, 4, 'k', 'e', 'p', 't'};
  EntryWriter writer(payload, sizeof payload);
  EntryReader reader({payload, sizeof payload});
  Entry entry;
  REQUIRE(reader.next(&entry));
  REQUIRE(reader.next(&entry));
  writer.add(entry.tag, entry.value);
  CHECK(std::memcmp(payload, "\x02\x04kept", 6) == 0);
}
