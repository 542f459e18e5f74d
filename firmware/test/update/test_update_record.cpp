// Records in flash: fields come back, and nothing else is taken for a record.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "skiclock/update/update_record.h"

using namespace skiclock;

namespace {

std::vector<std::uint8_t> sample() {
  RecordWriter writer;
  writer.add_byte(7).add_text("v1.2.3").add_number(0xDEADBEEF).add_text("");
  const Bytes bytes = writer.finish(RecordKind::kAttempt);
  return {bytes.data, bytes.data + bytes.size};
}

bool is_sample(const std::vector<std::uint8_t>& bytes) {
  RecordReader reader(RecordKind::kAttempt, {bytes.data(), bytes.size()});
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

TEST_CASE("fields come back as they were written") { CHECK(is_sample(sample())); }

TEST_CASE("a record with a flipped bit or cut is none") {
  const std::vector<std::uint8_t> good = sample();
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto flipped = good;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK_FALSE(is_sample(flipped));
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(is_sample({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
}

TEST_CASE("a record of another kind is none, and a field that is not there makes it bad") {
  const auto bytes = sample();
  CHECK_FALSE(RecordReader(RecordKind::kResult, {bytes.data(), bytes.size()}).is_good());
  RecordReader reader(RecordKind::kAttempt, {bytes.data(), bytes.size()});
  reader.take_byte();
  char small[6];
  reader.take_text(small);  // "v1.2.3" does not fit
  CHECK_FALSE(reader.is_good());
  CHECK(std::string(small).empty());
  CHECK(reader.take_number() == 0);
}

TEST_CASE("a text with a zero byte in it is not taken") {
  RecordWriter writer;
  writer.add_byte(2).add_byte('a').add_byte(0);  // looks like a text of two bytes
  const Bytes bytes = writer.finish(RecordKind::kAttempt);
  RecordReader reader(RecordKind::kAttempt, bytes);
  char text[8];
  reader.take_text(text);
  CHECK_FALSE(reader.is_good());
}

TEST_CASE("a record that does not fit is empty") {
  RecordWriter writer;
  for (int i = 0; i < 2; ++i) writer.add_text(std::string(125, 'x').c_str());
  CHECK(writer.finish(RecordKind::kAttempt).size == 0);
  RecordWriter text;
  text.add_text(std::string(256, 'x').c_str());
  CHECK(text.finish(RecordKind::kAttempt).size == 0);
}

TEST_CASE("noise is no record") {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint8_t> noise(random() % 64);
    for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < noise.size() && i < 6; ++i) noise[i] = sample()[i];
    CHECK_FALSE(is_sample(noise));
  }
}

TEST_CASE(
    "what a newer firmware adds behind our fields is passed over, what an older could not is not") {
  RecordWriter writer;
  writer.add_byte(7).add_byte(8);
  const Bytes ours = writer.finish(RecordKind::kAttempt);
  std::vector<std::uint8_t> newer(ours.data, ours.data + ours.size);
  seal_record(RecordKind::kAttempt, 2, newer.data(), 2);
  for (const auto& bytes : {std::vector<std::uint8_t>(ours.data, ours.data + ours.size), newer}) {
    RecordReader reader(RecordKind::kAttempt, {bytes.data(), bytes.size()});
    CHECK(reader.take_byte() == 7);
    CHECK(reader.is_good());
    CHECK(reader.is_at_end() == (bytes == newer));
  }
}
