// What is signed, and that only these keys' signatures over exactly that are taken.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "contract/contract.h"
#include "fakes/mbedtls_crypto.h"
#include "skiclock/update/encoding.h"
#include "skiclock/update/statement.h"
#include "update/golden_signatures.h"

using namespace skiclock;

namespace {

struct Case {
  std::string platform;
  std::string version;
  std::uint32_t size_bytes;
  std::vector<std::uint8_t> sha256;
  std::vector<std::uint8_t> signature;

  explicit Case(const GoldenSignature& golden, std::size_t key)
      : platform(golden.platform),
        version(golden.version),
        size_bytes(golden.size_bytes),
        sha256(kDigestBytes),
        signature(kMaxSignatureBytes) {
    REQUIRE(decode_hex(text_of(golden.sha256_hex), sha256.data(), kDigestBytes));
    const Text text = text_of(golden.signature_base64[key]);
    signature.resize(decode_base64(text, signature.data(), signature.size()));
    REQUIRE(signature.size() > 0);
  }
  Statement statement() const {
    return {{platform.data(), platform.size()},
            {version.data(), version.size()},
            size_bytes,
            sha256.data()};
  }
  bool is_taken(const PublicKeys& keys) const {
    fakes::MbedSha256 hash;
    fakes::MbedSignature signatures;
    return is_signed(statement(), {signature.data(), signature.size()}, keys, hash, signatures);
  }
};

PublicKeys keys(std::vector<int> which) {
  PublicKeys keys;
  for (const int key : which) REQUIRE(keys.add(text_of(kGoldenKeys[key].point_hex)));
  return keys;
}

}  // namespace

TEST_CASE("the statement is written as the contract has it") {
  const Case golden(kGoldenSignatures[1], 0);
  char text[kMaxStatementBytes + 1];
  const std::size_t size = write_statement(golden.statement(), text, sizeof text);
  CHECK(std::string(text, size) ==
        std::string("skiclock-firmware-1\nesp32\n2026.11.24.7\n1014016\n") +
            kGoldenSignatures[1].sha256_hex + "\n");
}

TEST_CASE("the longest statement fits, a longer one is none") {
  Case golden(kGoldenSignatures[1], 0);
  golden.platform.assign(kMaxPlatformLength, 'p');
  golden.version.assign(kMaxVersionLength, '9');
  golden.size_bytes = 4294967295;
  char text[kMaxStatementBytes + 2];
  CHECK(write_statement(golden.statement(), text, sizeof text - 1) == kMaxStatementBytes);
  golden.platform += "p";
  CHECK(write_statement(golden.statement(), text, sizeof text - 1) == 0);
}

TEST_CASE("a field with a line break, or without a letter, makes no statement") {
  char text[kMaxStatementBytes + 1];
  for (const char* field : {"", "esp32\n2026.1.1.1", "\n"}) {
    Case golden(kGoldenSignatures[1], 0);
    golden.platform = field;
    CHECK(write_statement(golden.statement(), text, sizeof text) == 0);
    golden = Case(kGoldenSignatures[1], 0);
    golden.version = field;
    CHECK(write_statement(golden.statement(), text, sizeof text) == 0);
    CHECK_FALSE(golden.is_taken(keys({0})));
  }
}

TEST_CASE("signatures made by Python hold under the current key and under the next") {
  for (const GoldenSignature& golden : kGoldenSignatures) {
    CAPTURE(golden.platform);
    CHECK(Case(golden, 0).is_taken(keys({0})));
    CHECK(Case(golden, 0).is_taken(keys({0, 1})));
    CHECK(Case(golden, 1).is_taken(keys({0, 1})));
    CHECK(Case(golden, 0).is_taken(keys({1, 0})));
  }
}

TEST_CASE("signatures by another key, or where no key is known, are refused") {
  for (const GoldenSignature& golden : kGoldenSignatures) {
    CHECK_FALSE(Case(golden, 1).is_taken(keys({0})));
    CHECK_FALSE(Case(golden, 2).is_taken(keys({0, 1})));
    CHECK_FALSE(Case(golden, 0).is_taken(keys({})));
  }
}

TEST_CASE("a signature over another platform, version, size or hash is refused") {
  const PublicKeys known = keys({0, 1});
  for (const GoldenSignature& golden : kGoldenSignatures) {
    Case changed(golden, 0);
    changed.platform = "esp32s3";
    CHECK_FALSE(changed.is_taken(known));
    changed = Case(golden, 0);
    changed.version += "0";
    CHECK_FALSE(changed.is_taken(known));
    changed = Case(golden, 0);
    ++changed.size_bytes;
    CHECK_FALSE(changed.is_taken(known));
    for (const GoldenSignature& other : kGoldenSignatures) {
      changed = Case(golden, 0);
      changed.signature = Case(other, 0).signature;
      CHECK(changed.is_taken(known) == (&golden == &other));
    }
  }
}

TEST_CASE("a flipped bit anywhere in hash, signature or key is refused") {
  const GoldenSignature& golden = kGoldenSignatures[1];
  const PublicKeys known = keys({0});
  for (std::size_t bit = 0; bit < 8 * kDigestBytes; ++bit) {
    Case flipped(golden, 0);
    flipped.sha256[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK_FALSE(flipped.is_taken(known));
  }
  const std::size_t size = Case(golden, 0).signature.size();
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    Case flipped(golden, 0);
    flipped.signature[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CAPTURE(bit);
    CHECK_FALSE(flipped.is_taken(known));
  }
  for (std::size_t digit = 0; digit < contract::kPublicKeyDigits; ++digit) {
    std::string hex = kGoldenKeys[0].point_hex;
    hex[digit] = hex[digit] == '0' ? '1' : '0';
    PublicKeys changed;
    const bool is_point = changed.add({hex.data(), hex.size()});
    CHECK_FALSE((is_point && Case(golden, 0).is_taken(changed)));
  }
}

TEST_CASE("a key is 130 digits of an uncompressed point, and there are two at most") {
  PublicKeys known;
  std::string hex = kGoldenKeys[0].point_hex;
  hex[1] = '2';
  CHECK_FALSE(known.add({hex.data(), hex.size()}));
  CHECK_FALSE(known.add(text_of("04")));
  CHECK_FALSE(known.add(text_of("")));
  CHECK(known.count() == 0);
  for (int key = 0; key < 2; ++key) CHECK(known.add(text_of(kGoldenKeys[key].point_hex)));
  CHECK_FALSE(known.add(text_of(kGoldenKeys[2].point_hex)));
  CHECK(known.count() == 2);
}
