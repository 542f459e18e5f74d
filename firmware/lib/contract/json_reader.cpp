// Reads JSON strictly into a fixed array of tokens.
#include "contract/json.h"

namespace skiclock {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The size of the escape at `at`, which is a backslash; 0 where it is none.
std::size_t escape_size(Text json, std::size_t at) {
  if (at + 1 >= json.size) return 0;
  const char letter = json.data[at + 1];
  if (letter != 'u') return letter != '\0' && std::strchr("\"\\/bfnrt", letter) ? 2 : 0;
  if (at + 6 > json.size) return 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    if (!is_hex(json.data[i])) return 0;
  }
  return 6;
}

}  // namespace

bool JsonReader::parse(Text json) {
  json_ = json;
  at_ = 0;
  expect_ = Expect::kValue;
  depth_ = 0;
  count_ = 0;
  bool good = json.size <= UINT16_MAX;
  while (good) {
    while (at_ < json_.size && is_space(json_.data[at_])) ++at_;
    if (at_ == json_.size) break;
    good = step();
  }
  good = good && expect_ == Expect::kNothing;
  if (!good) count_ = 0;
  return good;
}

JsonValue JsonReader::root() const {
  return count_ == 0 ? JsonValue() : JsonValue(this, 0, 1, false);
}

// Takes the next token or punctuation mark.
bool JsonReader::step() {
  const char c = peek();
  switch (expect_) {
    case Expect::kValueOrEnd:
      if (c == ']') return close(Kind::kArray);
      return read_value();
    case Expect::kValue:
      return read_value();
    case Expect::kKeyOrEnd:
      if (c == '}') return close(Kind::kObject);
      [[fallthrough]];
    case Expect::kKey:
      if (!read_text()) return false;
      expect_ = Expect::kColon;
      return true;
    case Expect::kColon:
      ++at_;
      expect_ = Expect::kValue;
      return c == ':';
    case Expect::kCommaOrEnd: {
      const Kind container = tokens_[open_[depth_ - 1]].kind;
      if (c != ',') return close(container);
      ++at_;
      expect_ = container == Kind::kObject ? Expect::kKey : Expect::kValue;
      return true;
    }
    case Expect::kNothing:
      break;
  }
  return false;
}

bool JsonReader::read_value() {
  const char c = peek();
  if (c == '{') return open(Kind::kObject);
  if (c == '[') return open(Kind::kArray);
  const bool good = c == '"'   ? read_text()
                    : c == 't' ? read_word("true", Kind::kTrue)
                    : c == 'f' ? read_word("false", Kind::kFalse)
                    : c == 'n' ? read_word("null", Kind::kNull)
                               : read_number();
  expect_ = depth_ > 0 ? Expect::kCommaOrEnd : Expect::kNothing;
  return good;
}

bool JsonReader::read_text() {
  if (peek() != '"') return false;
  const std::size_t begin = ++at_;
  while (at_ < json_.size && json_.data[at_] != '"') {
    if (static_cast<unsigned char>(json_.data[at_]) < 0x20) return false;
    const std::size_t size = json_.data[at_] == '\\' ? escape_size(json_, at_) : 1;
    if (size == 0) return false;
    at_ += size;
  }
  if (at_ >= json_.size) return false;
  return add(Kind::kText, begin, at_++);
}

bool JsonReader::read_number() {
  const std::size_t begin = at_;
  if (peek() == '-') ++at_;
  if (peek() == '0') {
    ++at_;
  } else if (!skip_digits()) {
    return false;
  }
  if (peek() == '.') {
    ++at_;
    if (!skip_digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!skip_digits()) return false;
  }
  return add(Kind::kNumber, begin, at_);
}

bool JsonReader::read_word(const char* word, Kind kind) {
  const std::size_t size = std::strlen(word);
  if (json_.size - at_ < size || std::memcmp(json_.data + at_, word, size) != 0) return false;
  at_ += size;
  return add(kind, at_ - size, at_);
}

bool JsonReader::open(Kind kind) {
  if (depth_ == kMaxDepth || !add(kind, at_, at_)) return false;
  ++at_;
  open_[depth_++] = static_cast<std::uint8_t>(count_ - 1);
  expect_ = kind == Kind::kObject ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
  return true;
}

bool JsonReader::close(Kind kind) {
  if (peek() != (kind == Kind::kObject ? '}' : ']')) return false;
  Token& token = tokens_[open_[--depth_]];
  token.end = static_cast<std::uint16_t>(++at_);
  token.next = static_cast<std::uint8_t>(count_);
  expect_ = depth_ > 0 ? Expect::kCommaOrEnd : Expect::kNothing;
  return true;
}

bool JsonReader::add(Kind kind, std::size_t begin, std::size_t end) {
  if (count_ == kMaxTokens) return false;
  tokens_[count_] = {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(end),
                     static_cast<std::uint8_t>(count_ + 1), kind};
  ++count_;
  return true;
}

bool JsonReader::skip_digits() {
  const std::size_t begin = at_;
  while (is_digit(peek())) ++at_;
  return at_ > begin;
}

}  // namespace skiclock
