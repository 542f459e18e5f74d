// Phrases: words and numbers side by side.
#include <doctest/doctest.h>

#include <string>

#include "skiclock/display/phrase.h"

using namespace skiclock;

namespace {

std::string string_of(const Phrase& phrase) {
  return std::string(phrase.text().data, phrase.text().size);
}

}  // namespace

TEST_CASE("numbers get as many digits as they need, or as they are given") {
  CHECK(string_of(Phrase().add_number(0)) == "0");
  CHECK(string_of(Phrase().add_number(7, 2)) == "07");
  CHECK(string_of(Phrase().add_number(123, 2)) == "123");
  CHECK(string_of(Phrase().add_number(4294967295U)) == "4294967295");
}

TEST_CASE("what does not fit into a phrase is left out") {
  Phrase phrase;
  for (int count = 0; count < 5; ++count) phrase.add("0123456789");
  CHECK(string_of(phrase) == "012345678901234567890123");
}
