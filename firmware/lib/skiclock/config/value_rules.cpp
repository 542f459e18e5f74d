// What a setting's text must be like.
#include "skiclock/config/value_rules.h"

#include <cstring>

namespace skiclock {
namespace {

constexpr char kBadHost[] = "no host name";
constexpr char kBadUrl[] = "no http:// or https:// address of a host";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_in(char c, const char* characters) { return c != '\0' && std::strchr(characters, c); }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Behind the host: nothing, or a colon and a port.
const char* check_port(const char* text) {
  std::int32_t port = 0;
  if (text[0] == '\0') return nullptr;
  return text[0] == ':' && !read_whole(text + 1, 1, 65535, &port) ? nullptr : kBadUrl;
}

}  // namespace

const char* check_text(const char* text) {
  for (; *text != '\0'; ++text) {
    if (static_cast<unsigned char>(*text) < ' ' || *text == 0x7F) return "a control character";
  }
  return nullptr;
}

const char* check_key(const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text <= ' ' || *text >= 0x7F) return "a character that is not visible ASCII";
  }
  return nullptr;
}

const char* check_host(const char* text) {
  for (const char* at = text; *at != '\0'; ++at) {
    if (!is_letter_or_digit(*at) && !is_in(*at, ".-:_")) return kBadHost;
  }
  return is_in(text[0], ".-") ? kBadHost : nullptr;
}

const char* check_url(const char* text) {
  const char* host = std::strstr(text, "://");
  if (host == nullptr) return kBadUrl;
  host += 3;
  if (std::strncmp(text, "http://", 7) != 0 && std::strncmp(text, "https://", 8) != 0) {
    return kBadUrl;
  }
  const char* at = host;
  if (*at == '[') {
    do {
      ++at;
    } while (hex_value(*at) >= 0 || is_in(*at, ":."));
    return *at == ']' && at - host > 2 ? check_port(at + 1) : kBadUrl;
  }
  while (is_letter_or_digit(*at) || is_in(*at, ".-_")) ++at;
  return at == host || is_in(*host, ".-") ? kBadUrl : check_port(at);
}

const char* check_topic(const char* text) {
  const std::size_t size = std::strlen(text);
  if (text[0] == '/' || (size > 0 && text[size - 1] == '/')) return "a slash at an end";
  for (; *text != '\0'; ++text) {
    if (!is_letter_or_digit(*text) && !is_in(*text, "/-_.")) return "no place for that in a topic";
  }
  return nullptr;
}

const char* read_whole(const char* text, std::int32_t min, std::int32_t max, std::int32_t* value) {
  const bool is_negative = text[0] == '-';
  if (is_negative) ++text;
  if (!is_digit(text[0])) return "no whole number";
  std::int64_t number = 0;
  for (; is_digit(*text); ++text) {
    number = number * 10 + (*text - '0');
    if (number > INT32_MAX) return "out of range";
  }
  if (*text != '\0') return "no whole number";
  if (is_negative) number = -number;
  if (number < min || number > max) return "out of range";
  *value = static_cast<std::int32_t>(number);
  return nullptr;
}

const char* read_colour(const char* text, std::uint8_t rgb[3]) {
  if (text[0] == '#') ++text;
  if (std::strlen(text) != 6) return "no colour rrggbb";
  for (int i = 0; i < 3; ++i) {
    const int high = hex_value(*text++);
    const int low = hex_value(*text++);
    if (high < 0 || low < 0) return "no colour rrggbb";
    rgb[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return nullptr;
}

const char* next_word(const char* text, char* word, std::size_t capacity) {
  word[0] = '\0';
  if (text == nullptr || text[0] == '\0') return nullptr;
  const char* end = std::strchr(text, ' ');
  const std::size_t size =
      end != nullptr ? static_cast<std::size_t>(end - text) : std::strlen(text);
  if (size < capacity) {
    std::memcpy(word, text, size);
    word[size] = '\0';
  }
  return text + size + (end != nullptr ? 1 : 0);
}

void copy_text(const char* text, char* out, std::size_t capacity) {
  std::size_t size = 0;
  for (; size + 1 < capacity && text[size] != '\0'; ++size) out[size] = text[size];
  out[size] = '\0';
}

void append_text(const char* text, char* out, std::size_t capacity) {
  const std::size_t size = std::strlen(out);
  copy_text(text, out + size, capacity - size);
}

void write_whole(std::int32_t value, char* text) {
  char digits[10];
  int count = 0;
  auto rest = static_cast<std::uint32_t>(value);
  if (value < 0) {
    *text++ = '-';
    rest = 0U - rest;
  }
  do {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  while (count > 0) *text++ = digits[--count];
  *text = '\0';
}

}  // namespace skiclock
