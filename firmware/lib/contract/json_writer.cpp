// Writes compact JSON into a fixed buffer.
#include "contract/json.h"
#include "contract/utf8.h"

namespace skiclock {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The letter behind the backslash, 0 where there is no short form.
char short_escape(std::uint32_t code_point) {
  switch (code_point) {
    case '"':
    case '\\':
      return static_cast<char>(code_point);
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

}  // namespace

JsonWriter& JsonWriter::key(const char* name) {
  text(name);
  put(':');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(Text value) {
  separate();
  put('"');
  for (std::size_t at = 0; at < value.size;) put_escaped(next_code_point(value, &at));
  put('"');
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  separate();
  char digits[20];
  std::size_t count = 0;
  // Unsigned, because the smallest number has no positive counterpart.
  std::uint64_t rest = static_cast<std::uint64_t>(value);
  if (value < 0) {
    rest = 0 - rest;
    put('-');
  }
  do {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  while (count > 0) put(digits[--count]);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  const Text word = text_of(value ? "true" : "false");
  put(word.data, word.size);
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  put("null", 4);
  return *this;
}

JsonWriter& JsonWriter::base64(Bytes value) {
  separate();
  put('"');
  for (std::size_t i = 0; i < value.size; i += 3) {
    const std::size_t left = value.size - i;
    std::uint32_t group = static_cast<std::uint32_t>(value.data[i]) << 16;
    if (left > 1) group |= static_cast<std::uint32_t>(value.data[i + 1]) << 8;
    if (left > 2) group |= value.data[i + 2];
    put(kBase64[group >> 18]);
    put(kBase64[group >> 12 & 63]);
    put(left > 1 ? kBase64[group >> 6 & 63] : '=');
    put(left > 2 ? kBase64[group & 63] : '=');
  }
  put('"');
  return *this;
}

void JsonWriter::rewind(std::size_t size) {
  if (size > size_) return;
  size_ = size;
  ok_ = true;
  needs_comma_ = size > 0 && std::strchr("[{:", buffer_[size - 1]) == nullptr;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  put(bracket);
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  put(bracket);
  needs_comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (needs_comma_) put(',');
  needs_comma_ = true;
}

void JsonWriter::put(char character) { put(&character, 1); }

void JsonWriter::put(const char* characters, std::size_t count) {
  if (!ok_ || count > capacity_ - size_) {
    ok_ = false;
    return;
  }
  std::memcpy(buffer_ + size_, characters, count);
  size_ += count;
}

void JsonWriter::put_escaped(std::uint32_t code_point) {
  if (const char letter = short_escape(code_point)) {
    const char escape[2] = {'\\', letter};
    put(escape, 2);
  } else if (code_point < 0x20) {
    const char escape[6] = {'\\', 'u', '0', '0', kHex[code_point >> 4], kHex[code_point & 15]};
    put(escape, 6);
  } else {
    char bytes[4] = {};
    const std::size_t size = write_code_point(code_point, bytes);
    put(bytes, size);
  }
}

}  // namespace skiclock
