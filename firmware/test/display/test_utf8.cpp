// UTF-8 from outside: right characters are read, wrong bytes are not believed.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "skiclock/display/utf8.h"

using namespace skiclock;

namespace {

Text text_from(const std::string& bytes) { return Text{bytes.data(), bytes.size()}; }

std::vector<char32_t> characters(const std::string& bytes) {
  std::vector<char32_t> all;
  for (std::size_t offset = 0; offset < bytes.size();) {
    all.push_back(next_character(text_from(bytes), &offset));
  }
  return all;
}

using Codes = std::vector<char32_t>;
constexpr char32_t kBad = 0xFFFD;

}  // namespace

TEST_CASE("characters of one to four bytes are read") {
  CHECK(characters("aÅ°€\U0001F3BF") == Codes{U'a', U'Å', U'°', U'€', U'\U0001F3BF'});
  CHECK(characters(std::string("\0z", 2)) == Codes{0, U'z'});
}

TEST_CASE("the ends of each length are read") {
  CHECK(characters("\x7F") == Codes{0x7F});
  CHECK(characters("\xC2\x80") == Codes{0x80});
  CHECK(characters("\xDF\xBF") == Codes{0x7FF});
  CHECK(characters("\xE0\xA0\x80") == Codes{0x800});
  CHECK(characters("\xEF\xBF\xBF") == Codes{0xFFFF});
  CHECK(characters("\xF0\x90\x80\x80") == Codes{0x10000});
  CHECK(characters("\xF4\x8F\xBF\xBF") == Codes{0x10FFFF});
}

TEST_CASE("each byte that fits nowhere is one box") {
  struct Row {
    const char* what;
    std::string bytes;
    Codes codes;
  };
  const Row rows[] = {
      {"continuation alone",
       "\x80"
       "a",
       {kBad, U'a'}},
      {"never a first byte", "\xFF\xFE", {kBad, kBad}},
      {"overlong slash", "\xC0\xAF", {kBad, kBad}},
      {"overlong in three", "\xE0\x80\xAF", {kBad, kBad, kBad}},
      {"overlong in four", "\xF0\x80\x80\xAF", {kBad, kBad, kBad, kBad}},
      {"surrogate", "\xED\xA0\x80", {kBad, kBad, kBad}},
      {"above the last", "\xF4\x90\x80\x80", {kBad, kBad, kBad, kBad}},
      {"cut off at the end", "a\xC3", {U'a', kBad}},
      {"cut off by a letter",
       "\xE2\x82"
       "b",
       {kBad, kBad, U'b'}},
      {"cut off by a whole one", "\xE2\xC3\xA5", {kBad, U'å'}},
      {"Latin-1", "\xE5\xE4\xF6!", {kBad, kBad, kBad, U'!'}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(characters(row.bytes) == row.codes);
  }
}

TEST_CASE("a text is cut between characters") {
  const std::string text = "aåb";  // 1, 2 and 1 bytes
  CHECK(whole_characters(text_from(text), 9) == 4);
  CHECK(whole_characters(text_from(text), 4) == 4);
  CHECK(whole_characters(text_from(text), 3) == 3);
  CHECK(whole_characters(text_from(text), 2) == 1);
  CHECK(whole_characters(text_from(text), 0) == 0);
}
