// Short texts in fixed buffers.
#include <doctest/doctest.h>

#include <string>

#include "skiclock/update/text.h"

using namespace skiclock;

TEST_CASE("a text that fits is copied and terminated, another leaves nothing") {
  char four[4] = "old";
  CHECK(copy_text(text_of("abc"), four));
  CHECK(std::string(four) == "abc");
  CHECK_FALSE(copy_text(text_of("abcd"), four));
  CHECK(std::string(four).empty());
  CHECK_FALSE(copy_text(Text{"a\0b", 3}, four));
  CHECK(std::string(four).empty());
  CHECK(copy_text(Text{"", 0}, four));
}

TEST_CASE("a sentence is cut where the buffer ends, and says so") {
  char buffer[16];
  TextBuilder words(buffer, sizeof buffer);
  words.add("free: ").add_number(4294967).add_number(0);
  CHECK(std::string(buffer) == "free: 42949670");
  CHECK(words.is_whole());
  words.add("xyz");
  CHECK(std::string(buffer) == "free: 42949670x");
  CHECK_FALSE(words.is_whole());
  words.add_number(1);
  CHECK(words.text().size == 15);
}
