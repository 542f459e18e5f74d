// JSON: what is written is escaped and fits; what is read is strict, bounded and never trusted.
#include <doctest/doctest.h>

#include <string>

#include "contract/json.h"

using skiclock::JsonReader;
using skiclock::JsonValue;
using skiclock::JsonWriter;
using skiclock::Text;
using skiclock::text_of;

namespace {

std::string str(Text text) { return {text.data, text.size}; }

Text view(const std::string& text) { return {text.data(), text.size()}; }

std::string text_json(const std::string& value) {
  char buffer[256];
  JsonWriter writer(buffer, sizeof buffer);
  writer.text(view(value));
  REQUIRE(writer.ok());
  return str(writer.written());
}

std::string number_json(std::int64_t value) {
  char buffer[32];
  JsonWriter writer(buffer, sizeof buffer);
  return str(writer.number(value).written());
}

bool is_json(const std::string& text) {
  JsonReader reader;
  return reader.parse(view(text));
}

std::string read_text(const std::string& json, std::size_t capacity = 64) {
  JsonReader reader;
  REQUIRE(reader.parse(view(json)));
  char buffer[64] = "unset";
  return reader.root().read(buffer, capacity) ? buffer : "(refused)";
}

}  // namespace

TEST_CASE("an object is written compactly, with commas where they belong") {
  char buffer[128];
  JsonWriter writer(buffer, sizeof buffer);
  writer.begin_object().field("a", 1).field("b", "x").key("c").begin_array().number(1).boolean(
      true);
  writer.begin_object().end_object().null().end_array().field("d", false).end_object();
  CHECK(writer.ok());
  CHECK(str(writer.written()) == R"({"a":1,"b":"x","c":[1,true,{},null],"d":false})");
}

TEST_CASE("quotes, backslashes and control characters are escaped") {
  CHECK(text_json("Club \"Nordic\"") == R"("Club \"Nordic\"")");
  CHECK(text_json("a\\b/") == R"("a\\b/")");
  CHECK(text_json(std::string("\n\r\t\0\x1f", 5)) == R"("\n\r\t\u0000\u001f")");
}

TEST_CASE("bytes that are no UTF-8 become one replacement character per broken sequence") {
  CHECK(text_json("caf\xe9") == "\"caf\xef\xbf\xbd\"");
  CHECK(text_json("\xc3\xa5\xe2\x82\xac\xf0\x9f\x8e\xbf") ==
        "\"\xc3\xa5\xe2\x82\xac\xf0\x9f\x8e\xbf\"");
  CHECK(text_json("\xe2\x82") == "\"\xef\xbf\xbd\"");                              // cut off
  CHECK(text_json("\xc0\xaf") == "\"\xef\xbf\xbd\xef\xbf\xbd\"");                  // overlong slash
  CHECK(text_json("\xed\xa0\x80") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");  // surrogate
  CHECK(text_json("\xf4\x90\x80\x80x").back() == '"');
  CHECK(text_json("\xffx") == "\"\xef\xbf\xbdx\"");
}

TEST_CASE("the smallest and largest numbers are written whole") {
  CHECK(number_json(0) == "0");
  CHECK(number_json(-61) == "-61");
  CHECK(number_json(INT64_MAX) == "9223372036854775807");
  CHECK(number_json(INT64_MIN) == "-9223372036854775808");
}

TEST_CASE("base64 is padded as in RFC 4648") {
  const std::pair<std::string, std::string> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) {
    char buffer[32];
    JsonWriter writer(buffer, sizeof buffer);
    writer.base64(skiclock::bytes_of(view(plain)));
    CHECK(str(writer.written()) == '"' + encoded + '"');
  }
}

TEST_CASE("nothing is written beyond the buffer, and that it did not fit is remembered") {
  const std::string whole = R"({"key":"value","n":-12,"s":"å\n"})";
  for (std::size_t capacity = 0; capacity <= whole.size() + 1; ++capacity) {
    std::string buffer(whole.size() + 8, '#');
    JsonWriter writer(buffer.data(), capacity);
    writer.begin_object().field("key", "value").field("n", -12).field("s", "å\n").end_object();
    CHECK(writer.ok() == (capacity >= whole.size()));
    CHECK(writer.written().size <= capacity);
    CHECK(buffer.find_first_not_of('#', capacity) == std::string::npos);
    if (writer.ok()) CHECK(str(writer.written()) == whole);
  }
}

TEST_CASE("the last element of a list that became too long can be taken back") {
  char buffer[16];
  JsonWriter writer(buffer, sizeof buffer);
  writer.begin_array().number(1);
  const std::size_t before = writer.written().size;
  writer.text("far too long a text");
  CHECK_FALSE(writer.ok());
  writer.rewind(before);
  CHECK(writer.number(2).end_array().ok());
  CHECK(str(writer.written()) == "[1,2]");
}

TEST_CASE("only JSON is read") {
  const char* good[] = {"{}",
                        "[]",
                        " { \"a\" : [ 1 , 2 ] } ",
                        "0",
                        "-0",
                        "-1.5e+10",
                        "\"\"",
                        "true",
                        "false",
                        "null",
                        "{\"a\":{\"b\":[[]]}}",
                        "\"\\u00e5\\\"\""};
  for (const char* text : good) {
    CAPTURE(text);
    CHECK(is_json(text));
  }
  const char* bad[] = {"",          " ",         "{",           "}",          "[",
                       "]",         "{]",        "[}",          "{\"a\"}",    "{\"a\":}",
                       "{\"a\" 1}", "{a:1}",     "{1:1}",       "{\"a\":1,}", "{,}",
                       "[,]",       "[1,]",      "[1 2]",       "[1:2]",      "01",
                       "+1",        "-",         "1.",          ".5",         "1e",
                       "tru",       "nul",       "trueX",       "\"",         "\"\\",
                       "\"\\x\"",   "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",   "{}{}",
                       "1 2",       "[1]]",      "{\"a\":1]",   "'a'",        "{\"a\":1 \"b\":2}"};
  for (const char* text : bad) {
    CAPTURE(text);
    CHECK_FALSE(is_json(text));
  }
  CHECK_FALSE(is_json(std::string("{}\0", 3)));
  CHECK_FALSE(is_json(std::string("\"\\\0\"", 4)));
}

TEST_CASE("depth, number of values and size are bounded") {
  CHECK(is_json(std::string(8, '[') + std::string(8, ']')));
  CHECK_FALSE(is_json(std::string(9, '[') + std::string(9, ']')));
  CHECK_FALSE(is_json(std::string(100000, '[')));
  std::string list = "[1";
  for (std::size_t i = 2; i < JsonReader::kMaxTokens; ++i) list += ",1";
  CHECK(is_json(list + "]"));
  CHECK_FALSE(is_json(list + ",1]"));
  CHECK_FALSE(is_json('"' + std::string(65536, 'x') + '"'));
}

TEST_CASE("members and elements are found, nested ones skipped") {
  const std::string json = R"({"list":[1,{"x":2},[3]],"x":"outer","\u0078y":true,"empty":{}})";
  JsonReader reader;
  REQUIRE(reader.parse(view(json)));
  const JsonValue root = reader.root();
  CHECK(root.find("x").text_is("outer"));
  CHECK(root.find("xy").exists());
  CHECK_FALSE(root.find("y").exists());
  CHECK_FALSE(root.find("empty").first().exists());
  std::int64_t number = 0;
  CHECK(root.find("list").first().read(&number));
  CHECK(number == 1);
  const JsonValue second = root.find("list").first().next();
  CHECK(second.find("x").read(&number));
  CHECK(number == 2);
  CHECK(str(second.raw()) == R"({"x":2})");
  CHECK(str(second.next().raw()) == "[3]");
  CHECK_FALSE(second.next().next().exists());
  CHECK(str(root.find("x").raw()) == "\"outer\"");
}

TEST_CASE("all members are walked in order with their keys") {
  JsonReader reader;
  REQUIRE(reader.parse(text_of(R"({"one":{"in":1},"two":[2],"three":3})")));
  std::string keys;
  for (JsonValue m = reader.root().first(); m.exists(); m = m.next()) {
    char key[8];
    REQUIRE(m.read_key(key, sizeof key));
    keys += std::string(key) + " ";
  }
  CHECK(keys == "one two three ");
}

TEST_CASE("whole numbers are read within their bounds and never overflow") {
  const auto read = [](const char* json, std::int64_t min, std::int64_t max) {
    JsonReader reader;
    REQUIRE(reader.parse(text_of(json)));
    std::int64_t value = 4711;
    return reader.root().read(&value, min, max) ? value : 4711;
  };
  CHECK(read("9223372036854775807", INT64_MIN, INT64_MAX) == INT64_MAX);
  CHECK(read("-9223372036854775808", INT64_MIN, INT64_MAX) == INT64_MIN);
  CHECK(read("9223372036854775808", INT64_MIN, INT64_MAX) == 4711);
  CHECK(read("-9223372036854775809", INT64_MIN, INT64_MAX) == 4711);
  CHECK(read("99999999999999999999999", INT64_MIN, INT64_MAX) == 4711);
  CHECK(read("255", 0, 255) == 255);
  CHECK(read("256", 0, 255) == 4711);
  CHECK(read("-1", 0, 255) == 4711);
  CHECK(read("1.0", 0, 255) == 4711);
  CHECK(read("1e2", 0, 255) == 4711);
  CHECK(read("\"1\"", 0, 255) == 4711);
}

TEST_CASE("truth is only true or false") {
  JsonReader reader;
  bool value = true;
  REQUIRE(reader.parse(text_of("[false,1,null,\"true\"]")));
  CHECK(reader.root().first().read(&value));
  CHECK_FALSE(value);
  value = true;
  for (JsonValue v = reader.root().first().next(); v.exists(); v = v.next()) {
    CHECK_FALSE(v.read(&value));
  }
  CHECK(value);
}

TEST_CASE("texts are unescaped, surrogate pairs joined, broken ones replaced") {
  CHECK(read_text(R"("a\"\\\/\b\f\n\r\tz")") == "a\"\\/\b\f\n\r\tz");
  CHECK(read_text(R"("\u00e5\u20AC")") == "\xc3\xa5\xe2\x82\xac");
  CHECK(read_text(R"("\ud83c\udfbf")") == "\xf0\x9f\x8e\xbf");
  CHECK(read_text(R"("\ud83cx")") == "\xef\xbf\xbdx");
  CHECK(read_text(R"("\ud83c\u0041")") ==
        "\xef\xbf\xbd"
        "A");
  CHECK(read_text(R"("\udfbf")") == "\xef\xbf\xbd");
  CHECK(read_text(R"("a\u0000b")") ==
        "a\xef\xbf\xbd"
        "b");
  CHECK(read_text("\"caf\xe9\"") == "caf\xef\xbf\xbd");
}

TEST_CASE("a text is compared as it reads") {
  JsonReader reader;
  REQUIRE(reader.parse(text_of(R"({"a\u0000b":"c\u0000d"})")));
  const JsonValue member = reader.root().find(
      "a\xef\xbf\xbd"
      "b");
  REQUIRE(member.exists());
  CHECK(
      member.text_is("c\xef\xbf\xbd"
                     "d"));
  CHECK_FALSE(member.text_is("c"));
}

TEST_CASE("a text that does not fit is refused or cut between two characters") {
  CHECK(read_text("\"abcd\"", 5) == "abcd");
  CHECK(read_text("\"abcd\"", 4) == "(refused)");
  JsonReader reader;
  REQUIRE(reader.parse(text_of("\"aåå\"")));
  char buffer[5];
  CHECK(reader.root().read_cut(buffer, sizeof buffer));
  CHECK(std::string(buffer) == "aå");
}

TEST_CASE("what is not there answers no to everything") {
  const JsonValue nothing;
  std::int64_t number;
  bool truth;
  char text[4];
  CHECK_FALSE(nothing.exists());
  CHECK_FALSE(nothing.is_object());
  CHECK_FALSE(nothing.is_array());
  CHECK_FALSE(nothing.is_null());
  CHECK_FALSE(nothing.find("a").find("b").first().next().exists());
  CHECK_FALSE(nothing.read(&number));
  CHECK_FALSE(nothing.read(&truth));
  CHECK_FALSE(nothing.read(text, sizeof text));
  CHECK_FALSE(nothing.read_cut(text, sizeof text));
  CHECK_FALSE(nothing.text_is(""));
  CHECK(nothing.raw().size == 0);
  JsonReader reader;
  CHECK_FALSE(reader.parse(text_of("nonsense")));
  CHECK_FALSE(reader.root().exists());
}
