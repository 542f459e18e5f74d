// Identities: their roots, from flash to PEM.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "config/golden_records.h"
#include "fakes/fake_store.h"
#include "skiclock/config/identity.h"

using skiclock::BuildDefaults;
using skiclock::Bytes;
using skiclock::kRootsPemCapacity;
using skiclock::fakes::FakeStore;

namespace {

std::string roots_in(FakeStore& store, const BuildDefaults& defaults = {}) {
  std::vector<char> pem(kRootsPemCapacity, 'x');
  const std::size_t size = read_roots_pem(store, defaults, pem.data(), pem.size());
  CHECK(std::strlen(pem.data()) == size);
  return {pem.data(), size};
}

std::vector<std::uint8_t> root_of(std::size_t der_size, std::uint8_t seed) {
  std::vector<std::uint8_t> record(skiclock::kRecordHeaderBytes + der_size);
  for (std::size_t i = 12; i < record.size(); ++i) {
    record[i] = static_cast<std::uint8_t>(i * 31 + seed);
  }
  skiclock::seal_record(skiclock::RecordKind::kRoot, 1, record.data(), der_size);
  return record;
}

}  // namespace

TEST_CASE("two provisioned roots come out as Python writes them in PEM") {
  FakeStore store;
  store.records["root1"] = kRoot1;
  store.records["root2"] = kRoot2;
  CHECK(roots_in(store) == kRootsPem);
}

TEST_CASE("one root alone, in either place") {
  const std::string both = kRootsPem;
  const std::size_t middle = both.find("-----BEGIN", 10);
  FakeStore first;
  first.records["root1"] = kRoot1;
  CHECK(roots_in(first) == both.substr(0, middle));
  FakeStore second;
  second.records["root2"] = kRoot2;
  CHECK(roots_in(second) == both.substr(middle));
}

TEST_CASE("a damaged root is not used, the other one is") {
  FakeStore store;
  store.records["root1"] = kRoot1;
  store.records["root1"][40] ^= 1;
  store.records["root2"] = kRoot2;
  const std::string pem = roots_in(store);
  CHECK(pem.find("-----BEGIN", 10) == std::string::npos);
  CHECK(pem == std::string(kRootsPem).substr(std::string(kRootsPem).find("-----BEGIN", 10)));
}

TEST_CASE(
    "provisioned roots stand in place of the built-in ones, which serve where there are none") {
  BuildDefaults defaults;
  defaults.roots_pem = "-----BEGIN CERTIFICATE-----\nbuilt in\n-----END CERTIFICATE-----\n";
  FakeStore store;
  CHECK(roots_in(store, defaults) == defaults.roots_pem);
  store.records["root1"] = kRoot1;
  CHECK(roots_in(store, defaults).find("built in") == std::string::npos);
}

TEST_CASE("no root anywhere is an empty text") {
  FakeStore store;
  CHECK(roots_in(store).empty());
}

TEST_CASE("two roots of the largest size fit, whatever the size's remainder by three") {
  for (std::size_t der_size = 1610; der_size <= 1620; ++der_size) {
    FakeStore store;
    store.records["root1"] = root_of(der_size, 1);
    store.records["root2"] = root_of(der_size, 2);
    const std::string both = roots_in(store);
    FakeStore second;
    second.records["root2"] = root_of(der_size, 2);
    // The second one is unpacked next to the bytes that it comes from: they must not meet.
    CHECK(both.substr(both.find("-----BEGIN", 10)) == roots_in(second));
    CHECK(both.size() < kRootsPemCapacity);
  }
}

TEST_CASE("a buffer that is too small gets nothing") {
  FakeStore store;
  store.records["root1"] = kRoot1;
  char small[64];
  CHECK(read_roots_pem(store, {}, small, sizeof small) == 0);
}

TEST_CASE("a root in DER for those who take it so") {
  FakeStore store;
  store.records["root2"] = kRoot2;
  std::uint8_t buffer[skiclock::kRootCapacity];
  Bytes der;
  CHECK_FALSE(read_root(store, 0, buffer, sizeof buffer, &der));
  REQUIRE(read_root(store, 1, buffer, sizeof buffer, &der));
  REQUIRE(der.size == kRoot2.size() - 12);
  CHECK(std::memcmp(der.data, kRoot2.data() + 12, der.size) == 0);
}
