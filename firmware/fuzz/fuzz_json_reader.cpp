// Any bytes are JSON or not; what is JSON is written again to what reads the same.
#include <cstdint>
#include <vector>

#include "contract/json.h"
#include "input.h"

using skiclock::JsonReader;
using skiclock::JsonValue;
using skiclock::JsonWriter;
using skiclock::Text;
using skiclock::fuzz::require;

namespace {

void copy(JsonValue value, JsonWriter& out);

void copy_children(JsonValue value, JsonWriter& out) {
  for (JsonValue child = value.first(); child.exists(); child = child.next()) {
    char key[128];
    if (value.is_object()) {
      const bool fits = child.read_key(key, sizeof key);
      if (fits) require(child.key_is(key) && value.find(key).exists());
      out.key(key);
    }
    copy(child, out);
  }
}

void copy(JsonValue value, JsonWriter& out) {
  std::int64_t number = 0;
  bool truth = false;
  char text[128];
  if (value.is_object()) {
    out.begin_object();
    copy_children(value, out);
    out.end_object();
  } else if (value.is_array()) {
    out.begin_array();
    copy_children(value, out);
    out.end_array();
  } else if (value.read(text, sizeof text)) {
    require(value.text_is(text));
    out.text(text);
  } else if (value.is_text()) {
    require(value.read_cut(text, sizeof text));
    out.text(text);
  } else if (value.read(&number)) {
    require(value.read(&number, number, number));
    out.number(number);
  } else if (value.read(&truth)) {
    out.boolean(truth);
  } else {
    out.null();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  JsonReader reader;
  if (!reader.parse({reinterpret_cast<const char*>(data), size})) {
    require(!reader.root().exists());
    return 0;
  }
  static std::vector<char> first(70000 * 3);  // each byte may become three
  static std::vector<char> second(first.size());
  JsonWriter out(first.data(), first.size());
  copy(reader.root(), out);
  require(out.ok());
  JsonReader again;
  require(again.parse(out.written()));
  JsonWriter twice(second.data(), second.size());
  copy(again.root(), twice);
  require(twice.written() == out.written());
  return 0;
}
