// Versions that fell back are not tried again.
#include <doctest/doctest.h>

#include "fakes/fake_store.h"
#include "skiclock/update/refused.h"

using namespace skiclock;

namespace {

const Text kRunning = text_of("2026.1.1.1");

}  // namespace

TEST_CASE("a refused version stays refused, over restarts; others do not") {
  fakes::FakeStore store;
  CHECK_FALSE(RefusedVersions(store).contains(text_of("2026.1.1.2")));
  REQUIRE(RefusedVersions(store).add(text_of("2026.1.1.2"), kRunning));
  CHECK(RefusedVersions(store).contains(text_of("2026.1.1.2")));
  CHECK_FALSE(RefusedVersions(store).contains(text_of("2026.1.1.3")));
  CHECK_FALSE(RefusedVersions(store).contains(text_of("2026.1.1")));
  CHECK_FALSE(RefusedVersions(store).contains(text_of("")));
}

TEST_CASE("a version is struck out the second time, in another session") {
  fakes::FakeStore store;
  RefusedVersions refused(store);
  REQUIRE(refused.strike(text_of("2026.1.1.2"), text_of("one"), kRunning));
  CHECK_FALSE(refused.contains(text_of("2026.1.1.2")));
  // The power was cut while this was noted: the same again.
  REQUIRE(refused.strike(text_of("2026.1.1.2"), text_of("one"), kRunning));
  CHECK_FALSE(refused.contains(text_of("2026.1.1.2")));
  REQUIRE(refused.strike(text_of("2026.1.1.2"), text_of("two"), kRunning));
  CHECK(refused.contains(text_of("2026.1.1.2")));
  REQUIRE(refused.strike(text_of("2026.1.1.2"), text_of("three"), kRunning));
  CHECK(refused.contains(text_of("2026.1.1.2")));
}

TEST_CASE("four are remembered; the oldest makes room for a fifth") {
  fakes::FakeStore store;
  RefusedVersions refused(store);
  const char* const versions[] = {"2026.1.1.2", "2026.1.1.3", "2026.1.1.4", "2026.1.1.5",
                                  "2026.1.1.6"};
  for (const char* version : versions) REQUIRE(refused.add(text_of(version), kRunning));
  CHECK_FALSE(refused.contains(text_of(versions[0])));
  for (int i = 1; i < 5; ++i) CHECK(refused.contains(text_of(versions[i])));
}

TEST_CASE("versions that are no longer newer make room first") {
  fakes::FakeStore store;
  RefusedVersions refused(store);
  for (const char* version : {"2026.1.1.9", "2026.1.1.2", "2026.1.1.3", "2026.1.1.4"}) {
    REQUIRE(refused.add(text_of(version), kRunning));
  }
  REQUIRE(refused.add(text_of("2026.1.1.8"), text_of("2026.1.1.5")));
  CHECK(refused.contains(text_of("2026.1.1.9")));
  CHECK(refused.contains(text_of("2026.1.1.8")));
  CHECK_FALSE(refused.contains(text_of("2026.1.1.2")));
}

TEST_CASE("what cannot be stored is said so") {
  fakes::FakeStore store;
  RefusedVersions refused(store);
  CHECK_FALSE(refused.add(text_of("2026.1.1.2222222222222222222222222"), kRunning));
  store.is_full = true;
  CHECK_FALSE(refused.add(text_of("2026.1.1.2"), kRunning));
  CHECK_FALSE(refused.strike(text_of("2026.1.1.2"), text_of("one"), kRunning));
}

TEST_CASE("a damaged list refuses nothing") {
  fakes::FakeStore store;
  REQUIRE(RefusedVersions(store).add(text_of("2026.1.1.2"), kRunning));
  store.records["refused"][5] ^= 1;
  CHECK_FALSE(RefusedVersions(store).contains(text_of("2026.1.1.2")));
}
