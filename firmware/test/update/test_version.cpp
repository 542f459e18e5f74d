// Versions: which are ones, and which is newer.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "skiclock/update/version.h"

using skiclock::is_newer;
using skiclock::parse_version;
using skiclock::text_of;
using skiclock::VersionKey;

namespace {

bool is_version(const std::string& text) {
  VersionKey key;
  return parse_version({text.data(), text.size()}, &key);
}

}  // namespace

TEST_CASE("versions sort by number, and tagged ones before every dated one") {
  const std::vector<const char*> ascending = {
      "v0.0.0",       "v0.0.1",       "v0.2.0",         "v0.10.0",     "v1.0.0",
      "v2.0.0",       "v10.0.0",      "v999999999.0.0", "0001.1.1.1",  "2025.12.31.9",
      "2026.1.1.1",   "2026.1.1.2",   "2026.1.1.10",    "2026.1.2.1",  "2026.2.1.0",
      "2026.11.24.1", "2026.11.24.9", "2026.11.24.10",  "2026.12.1.0", "9999.99.99.999999999"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      CAPTURE(ascending[i]);
      CAPTURE(ascending[j]);
      CHECK(is_newer(text_of(ascending[i]), text_of(ascending[j])) == (i > j));
    }
  }
}

TEST_CASE("leading zeros do not make a version newer") {
  CHECK_FALSE(is_newer(text_of("2026.01.01.007"), text_of("2026.1.1.7")));
  CHECK_FALSE(is_newer(text_of("2026.1.1.7"), text_of("2026.01.01.007")));
}

TEST_CASE("what is no version is never installed, and is older than any") {
  for (const char* text : {"",
                           "v",
                           "1",
                           "v1",
                           "v1.2",
                           "v1.2.3.4",
                           "v1..3",
                           "V1.2.3",
                           "1.2.3",
                           "26.1.1.1",
                           "20261.1.1.1",
                           "2026.123.1.1",
                           "2026.1.123.1",
                           "2026.1.1",
                           "2026.1.1.",
                           "2026.1.1.1.1",
                           "2026.1.1.1 ",
                           " 2026.1.1.1",
                           "2026.1.1.-1",
                           "2026.1.1.1234567890",
                           "v1234567890.0.0",
                           "2026.1.1.1\n",
                           "unknown"}) {
    CAPTURE(text);
    CHECK_FALSE(is_version(text));
    CHECK_FALSE(is_newer(text_of(text), text_of("v0.0.0")));
    CHECK(is_newer(text_of("v0.0.0"), text_of(text)));
  }
}

TEST_CASE("a version is not ended by a zero byte") {
  CHECK_FALSE(is_version(std::string("2026.1.1.1\0", 11)));
}
