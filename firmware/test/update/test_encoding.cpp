// Hex, base64 and DER: what is taken, and that nothing else is.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "skiclock/update/encoding.h"

using namespace skiclock;

namespace {

// The text, or "-" where it is refused.
std::string from_base64(const std::string& text, std::size_t capacity = 100) {
  std::vector<std::uint8_t> bytes(capacity);
  const std::size_t size = decode_base64({text.data(), text.size()}, bytes.data(), capacity);
  return size == 0 ? "-" : std::string(bytes.begin(), bytes.begin() + size);
}

bool is_der(std::vector<std::uint8_t> bytes) { return is_signature({bytes.data(), bytes.size()}); }

// A SEQUENCE of two INTEGERs with these contents.
std::vector<std::uint8_t> der(std::vector<std::uint8_t> r, std::vector<std::uint8_t> s) {
  std::vector<std::uint8_t> bytes = {0x30, static_cast<std::uint8_t>(r.size() + s.size() + 4)};
  for (const auto& integer : {r, s}) {
    bytes.push_back(0x02);
    bytes.push_back(static_cast<std::uint8_t>(integer.size()));
    bytes.insert(bytes.end(), integer.begin(), integer.end());
  }
  return bytes;
}

std::vector<std::uint8_t> number(std::size_t size, std::uint8_t first) {
  std::vector<std::uint8_t> bytes(size, 0x11);
  bytes[0] = first;
  return bytes;
}

}  // namespace

TEST_CASE("hex goes there and back") {
  std::uint8_t bytes[4];
  REQUIRE(decode_hex(text_of("00fF7a80"), bytes, 4));
  char hex[9] = {};
  encode_hex({bytes, 4}, hex);
  CHECK(std::string(hex) == "00ff7a80");
}

TEST_CASE("hex of another length or with other letters is refused") {
  std::uint8_t bytes[2];
  for (const char* text :
       {"", "00", "000", "00000", "00 0", "00g0", "0x00", "00:0", "/000", "@@@@"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_hex(text_of(text), bytes, 2));
  }
}

TEST_CASE("base64 is read as RFC 4648 shows it") {
  CHECK(from_base64("Zg==") == "f");
  CHECK(from_base64("Zm8=") == "fo");
  CHECK(from_base64("Zm9v") == "foo");
  CHECK(from_base64("Zm9vYg==") == "foob");
  CHECK(from_base64("Zm9vYmE=") == "fooba");
  CHECK(from_base64("Zm9vYmFy") == "foobar");
  CHECK(from_base64("+/+/") == "\xFB\xFF\xBF");
}

TEST_CASE("what is not base64, has stray bits, or does not fit is refused") {
  for (const char* text : {"", "Z", "Zg", "Zg=", "Zg===", "====", "=", "==", "Z===", "Zg==Zg==",
                           "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm9-", "Zm9_", "Zm=v", "=m9v"}) {
    CAPTURE(text);
    CHECK(from_base64(text) == "-");
  }
  CHECK(from_base64("Zm9vYmFy", 5) == "-");
  CHECK(from_base64("Zm9vYmE=", 5) == "fooba");
}

TEST_CASE("the DER form of a signature is taken") {
  CHECK(is_der(der(number(32, 0x7F), number(32, 0x01))));
  CHECK(is_der(der({0x01}, {0x02})));
  std::vector<std::uint8_t> high = number(33, 0x00);
  high[1] = 0x80;
  CHECK(is_der(der(high, high)));
}

TEST_CASE("other forms of the same numbers, or of none, are refused") {
  const auto good = number(32, 0x7F);
  CHECK_FALSE(is_der({}));
  CHECK_FALSE(is_der({0x30}));
  CHECK_FALSE(is_der({0x30, 0x00}));
  CHECK_FALSE(is_der(der({}, good)));
  CHECK_FALSE(is_der(der({0x00}, good)));
  CHECK_FALSE(is_der(der(good, {0x00})));
  CHECK_FALSE(is_der(der(number(32, 0x80), good)));
  CHECK_FALSE(is_der(der(number(33, 0x01), good)));
  CHECK_FALSE(is_der(der(number(33, 0x00), good)));  // padded without need: 0x11 follows
  auto longer = der(good, good);
  longer.push_back(0);
  CHECK_FALSE(is_der(longer));
  auto counted = longer;
  ++counted[1];
  CHECK_FALSE(is_der(counted));
  auto shorter = der(good, good);
  shorter.pop_back();
  CHECK_FALSE(is_der(shorter));
  --shorter[1];
  CHECK_FALSE(is_der(shorter));
  auto other = der(good, good);
  other[0] = 0x31;
  CHECK_FALSE(is_der(other));
  other = der(good, good);
  other[2] = 0x03;
  CHECK_FALSE(is_der(other));
  other = der(good, good);
  other[36] = 0x04;
  CHECK_FALSE(is_der(other));
  CHECK_FALSE(is_der({0x30, 0x81, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01}));
}
