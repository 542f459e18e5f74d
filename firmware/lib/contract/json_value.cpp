// What a value that JsonReader found holds.
#include "contract/json.h"
#include "contract/utf8.h"

namespace skiclock {
namespace {

std::uint32_t hex_unit(const char* digits) {
  std::uint32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = digits[i];
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    unit = unit << 4 | static_cast<std::uint32_t>(digit);
  }
  return unit;
}

bool is_surrogate(std::uint32_t unit, std::uint32_t first) {
  return unit >= first && unit < first + 0x400;
}

// Reads a \uXXXX at `*at`, or two that make one code point.
std::uint32_t next_unicode_escape(Text raw, std::size_t* at) {
  const std::uint32_t unit = hex_unit(raw.data + *at + 2);
  *at += 6;
  if (!is_surrogate(unit, 0xD800)) return unit;
  if (*at + 6 > raw.size || raw.data[*at] != '\\' || raw.data[*at + 1] != 'u') return unit;
  const std::uint32_t low = hex_unit(raw.data + *at + 2);
  if (!is_surrogate(low, 0xDC00)) return unit;
  *at += 6;
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

// Reads one character of a text whose escapes are known to be well-formed.
std::uint32_t next_written_character(Text raw, std::size_t* at) {
  if (raw.data[*at] != '\\') return next_code_point(raw, at);
  const char letter = raw.data[*at + 1];
  if (letter == 'u') return next_unicode_escape(raw, at);
  *at += 2;
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return static_cast<std::uint8_t>(letter);
  }
}

// The same, with what may stand in a terminated text.
std::uint32_t next_character(Text raw, std::size_t* at) {
  const std::uint32_t character = next_written_character(raw, at);
  return character == 0 ? kReplacementCharacter : character;
}

// Unescapes into a terminated text; false where `raw` did not fit as a whole.
bool unescape(Text raw, char* buffer, std::size_t capacity) {
  if (capacity == 0) return false;
  std::size_t size = 0;
  for (std::size_t at = 0; at < raw.size;) {
    char bytes[4];
    const std::size_t count = write_code_point(next_character(raw, &at), bytes);
    if (size + count >= capacity) {
      buffer[size] = '\0';
      return false;
    }
    std::memcpy(buffer + size, bytes, count);
    size += count;
  }
  buffer[size] = '\0';
  return true;
}

bool is_same(Text raw, Text value) {
  std::size_t compared = 0;
  for (std::size_t at = 0; at < raw.size;) {
    char bytes[4];
    const std::size_t count = write_code_point(next_character(raw, &at), bytes);
    if (count > value.size - compared || std::memcmp(bytes, value.data + compared, count) != 0) {
      return false;
    }
    compared += count;
  }
  return compared == value.size;
}

bool parse_whole(Text digits, std::int64_t* value) {
  const bool is_negative = digits.size > 0 && digits.data[0] == '-';
  std::int64_t sum = 0;  // kept negative, because there is one more number on that side
  for (std::size_t i = is_negative ? 1 : 0; i < digits.size; ++i) {
    const int digit = digits.data[i] - '0';
    if (digit < 0 || digit > 9) return false;
    if (sum < (INT64_MIN + digit) / 10) return false;
    sum = sum * 10 - digit;
  }
  if (!is_negative && sum == INT64_MIN) return false;
  *value = is_negative ? sum : -sum;
  return true;
}

}  // namespace

bool JsonValue::is_object() const {
  return exists() && reader_->tokens_[token_].kind == JsonReader::Kind::kObject;
}

bool JsonValue::is_array() const {
  return exists() && reader_->tokens_[token_].kind == JsonReader::Kind::kArray;
}

bool JsonValue::is_text() const {
  return exists() && reader_->tokens_[token_].kind == JsonReader::Kind::kText;
}

bool JsonValue::is_null() const {
  return exists() && reader_->tokens_[token_].kind == JsonReader::Kind::kNull;
}

JsonValue JsonValue::find(const char* key) const {
  if (!is_object()) return {};
  JsonValue member = first();
  while (member.exists() && !member.key_is(key)) member = member.next();
  return member;
}

JsonValue JsonValue::first() const {
  if (!is_object() && !is_array()) return {};
  const std::size_t end = reader_->tokens_[token_].next;
  const std::size_t child = token_ + (is_object() ? 2U : 1U);
  return child < end ? JsonValue(reader_, child, end, is_object()) : JsonValue();
}

JsonValue JsonValue::next() const {
  if (!exists()) return {};
  const std::size_t child = reader_->tokens_[token_].next + (is_member_ ? 1U : 0U);
  return child < end_ ? JsonValue(reader_, child, end_, is_member_) : JsonValue();
}

bool JsonValue::key_is(const char* name) const {
  return exists() && is_member_ &&
         is_same(reader_->slice(reader_->tokens_[token_ - 1]), text_of(name));
}

bool JsonValue::read_key(char* buffer, std::size_t capacity) const {
  return exists() && is_member_ &&
         unescape(reader_->slice(reader_->tokens_[token_ - 1]), buffer, capacity);
}

bool JsonValue::read(bool* value) const {
  if (!exists()) return false;
  const JsonReader::Kind kind = reader_->tokens_[token_].kind;
  *value = kind == JsonReader::Kind::kTrue ? true : *value;
  *value = kind == JsonReader::Kind::kFalse ? false : *value;
  return kind == JsonReader::Kind::kTrue || kind == JsonReader::Kind::kFalse;
}

bool JsonValue::read(std::int64_t* value, std::int64_t min, std::int64_t max) const {
  std::int64_t number = 0;
  if (!exists() || reader_->tokens_[token_].kind != JsonReader::Kind::kNumber) return false;
  if (!parse_whole(reader_->slice(reader_->tokens_[token_]), &number)) return false;
  if (number < min || number > max) return false;
  *value = number;
  return true;
}

bool JsonValue::read(char* buffer, std::size_t capacity) const {
  if (!is_text()) return false;
  if (unescape(reader_->slice(reader_->tokens_[token_]), buffer, capacity)) return true;
  if (capacity > 0) buffer[0] = '\0';
  return false;
}

bool JsonValue::read_cut(char* buffer, std::size_t capacity) const {
  if (!is_text() || capacity == 0) return false;
  unescape(reader_->slice(reader_->tokens_[token_]), buffer, capacity);
  return true;
}

bool JsonValue::text_is(const char* value) const {
  return is_text() && is_same(reader_->slice(reader_->tokens_[token_]), text_of(value));
}

Text JsonValue::raw() const {
  if (!exists()) return {};
  const Text inner = reader_->slice(reader_->tokens_[token_]);
  return is_text() ? Text{inner.data - 1, inner.size + 2} : inner;
}

}  // namespace skiclock
