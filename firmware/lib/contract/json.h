// JSON in fixed buffers: a writer that escapes, and a strict reader of hostile text.
//
// The reader is our own and not jsmn: jsmn takes `{"a" 1,}` for an object, stops in silence at a
// NUL, and its tokens are three times as large, which the ESP8266's 4 kB of stack would feel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "contract/bytes.h"

namespace skiclock {

// Writes compact JSON (no spaces; first-generation clocks and servers search for its bytes).
// Commas are its own affair; keys and values are written in turn. What does not fit is not
// written at all, and `ok` stays false from then on.
class JsonWriter {
 public:
  JsonWriter(char* buffer, std::size_t capacity) : buffer_(buffer), capacity_(capacity) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(const char* name);

  // Quotes and control characters are escaped, bytes that are no UTF-8 become U+FFFD.
  JsonWriter& text(Text value);
  JsonWriter& text(const char* value) { return text(text_of(value)); }
  JsonWriter& number(std::int64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  // Base64, quoted.
  JsonWriter& base64(Bytes value);

  JsonWriter& field(const char* name, Text value) { return key(name).text(value); }
  JsonWriter& field(const char* name, const char* value) { return key(name).text(value); }
  JsonWriter& field(const char* name, bool value) { return key(name).boolean(value); }
  template <typename Whole, std::enable_if_t<std::is_integral_v<Whole>, int> = 0>
  JsonWriter& field(const char* name, Whole value) {
    return key(name).number(static_cast<std::int64_t>(value));
  }

  // Everything so far did fit.
  bool ok() const { return ok_; }
  Text written() const { return {buffer_, size_}; }
  std::size_t room() const { return capacity_ - size_; }

  // Goes back to an earlier `written().size`, to drop the last element of a list that turned
  // out too long; what follows is written as after a complete value.
  void rewind(std::size_t size);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  void put(char character);
  void put(const char* characters, std::size_t count);
  void put_escaped(std::uint32_t code_point);

  char* buffer_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  bool needs_comma_ = false;
  bool ok_ = true;
};

class JsonReader;

// One value of a text that a JsonReader has read; cheap to copy. Asking a value that does not
// exist, or one of another type, gives false or a value that does not exist.
class JsonValue {
 public:
  JsonValue() = default;

  bool exists() const { return reader_ != nullptr; }
  bool is_object() const;
  bool is_array() const;
  bool is_text() const;
  bool is_null() const;

  // The member of an object; of several with one name, the first.
  JsonValue find(const char* key) const;
  // The first value of an array or object, and the one after this one.
  JsonValue first() const;
  JsonValue next() const;
  // Of an object's member:
  bool key_is(const char* name) const;
  bool read_key(char* buffer, std::size_t capacity) const;

  bool read(bool* value) const;
  // Whole numbers without fraction or exponent, within the bounds.
  bool read(std::int64_t* value, std::int64_t min = INT64_MIN, std::int64_t max = INT64_MAX) const;
  // The whole text, unescaped and terminated; false where it does not fit. U+0000 and what is no
  // UTF-8 become U+FFFD.
  bool read(char* buffer, std::size_t capacity) const;
  // The same, cut between two characters where it does not fit.
  bool read_cut(char* buffer, std::size_t capacity) const;
  // Compares with what `read` would give.
  bool text_is(const char* value) const;
  // The bytes of this value in the text, quotes and brackets included.
  Text raw() const;

 private:
  friend class JsonReader;
  JsonValue(const JsonReader* reader, std::size_t token, std::size_t end, bool is_member)
      : reader_(reader),
        token_(static_cast<std::uint8_t>(token)),
        end_(static_cast<std::uint8_t>(end)),
        is_member_(is_member) {}

  const JsonReader* reader_ = nullptr;
  std::uint8_t token_ = 0;
  std::uint8_t end_ = 0;  // the token behind the last one of the parent
  bool is_member_ = false;
};

// Reads a JSON text, strictly (RFC 8259), with at most `kMaxTokens` keys and values and
// `kMaxDepth` levels of nesting. The text must outlive the reader.
class JsonReader {
 public:
  static constexpr std::size_t kMaxTokens = 96;
  static constexpr std::size_t kMaxDepth = 8;

  // Returns false where the text is no JSON or larger than that; then `root` does not exist.
  bool parse(Text json);
  JsonValue root() const;

 private:
  friend class JsonValue;

  enum class Kind : std::uint8_t { kObject, kArray, kText, kNumber, kTrue, kFalse, kNull };

  // `begin` and `end` are offsets, of a text without its quotes; `next` is the first token that
  // is not part of this one.
  struct Token {
    std::uint16_t begin, end;
    std::uint8_t next;
    Kind kind;
  };

  // What may come next.
  enum class Expect : std::uint8_t {
    kValue,       // a value
    kValueOrEnd,  // behind `[`
    kKey,         // behind a comma in an object
    kKeyOrEnd,    // behind `{`
    kColon,       // behind a key
    kCommaOrEnd,  // behind a value in a container
    kNothing,     // behind the root
  };

  bool step();
  bool read_value();
  bool read_text();
  bool read_number();
  bool read_word(const char* word, Kind kind);
  bool open(Kind kind);
  bool close(Kind kind);
  bool add(Kind kind, std::size_t begin, std::size_t end);
  bool skip_digits();
  char peek() const { return at_ < json_.size ? json_.data[at_] : '\0'; }
  Text slice(const Token& token) const {
    return {json_.data + token.begin, static_cast<std::size_t>(token.end - token.begin)};
  }

  Text json_;
  std::size_t at_ = 0;
  Expect expect_ = Expect::kValue;
  std::uint8_t depth_ = 0;
  std::uint8_t open_[kMaxDepth];
  std::size_t count_ = 0;
  Token tokens_[kMaxTokens];
};

}  // namespace skiclock
