// Records in flash: fields come back, and nothing else is taken for a record.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "skiclock/update/record.h"

using namespace skiclock;

namespace {

std::vector<std::uint8_t> sample() {
  RecordWriter writer('T');
  writer.add_byte(7).add_text("v1.2.3").add_number(0xDEADBEEF).add_text("");
  const Bytes bytes = writer.finish();
  return {bytes.data, bytes.data + bytes.size};
}

bool is_sample(const std::vector<std::uint8_t>& bytes) {
  RecordReader reader('T', {bytes.data(), bytes.size()});
  char version[7];
  char empty[1];
  const std::uint8_t byte = reader.take_byte();
  reader.take_text(version);
  const std::uint32_t number = reader.take_number();
  reader.take_text(empty);
  return reader.is_at_end() && byte == 7 && std::string(version) == "v1.2.3" &&
         number == 0xDEADBEEF;
}

}  // namespace

TEST_CASE("the CRC is the one of IEEE 802.3") {
  CHECK(crc32(bytes_of(text_of("123456789"))) == 0xCBF43926);
  CHECK(crc32({}) == 0);
}

TEST_CASE("fields come back as they were written") { CHECK(is_sample(sample())); }

TEST_CASE("a record with a flipped bit, cut or longer is none") {
  const std::vector<std::uint8_t> good = sample();
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto flipped = good;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK_FALSE(is_sample(flipped));
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(is_sample({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
  auto longer = good;
  longer.push_back(0);
  CHECK_FALSE(is_sample(longer));
}

TEST_CASE("a record of another kind is none, and a field that is not there makes it bad") {
  const auto bytes = sample();
  CHECK_FALSE(RecordReader('X', {bytes.data(), bytes.size()}).is_good());
  RecordReader reader('T', {bytes.data(), bytes.size()});
  reader.take_byte();
  char small[6];
  reader.take_text(small);  // "v1.2.3" does not fit
  CHECK_FALSE(reader.is_good());
  CHECK(std::string(small).empty());
  CHECK(reader.take_number() == 0);
}

TEST_CASE("a text with a zero byte in it is not taken") {
  RecordWriter writer('T');
  writer.add_byte(2).add_byte('a').add_byte(0);  // looks like a text of two bytes
  const Bytes bytes = writer.finish();
  RecordReader reader('T', bytes);
  char text[8];
  reader.take_text(text);
  CHECK_FALSE(reader.is_good());
}

TEST_CASE("a record that does not fit is empty") {
  RecordWriter writer('T');
  for (int i = 0; i < 2; ++i) writer.add_text(std::string(125, 'x').c_str());
  CHECK(writer.finish().size == 0);
  RecordWriter text('T');
  text.add_text(std::string(256, 'x').c_str());
  CHECK(text.finish().size == 0);
}

TEST_CASE("noise is no record") {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint8_t> noise(random() % 64);
    for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
    if (noise.size() > 1) noise[0] = 'T', noise[1] = 1;
    CHECK_FALSE(is_sample(noise));
  }
}
