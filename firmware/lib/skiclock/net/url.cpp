// URLs, as far as a clock needs them.
#include "skiclock/net/url.h"

namespace skiclock {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_path_character(char c) { return c > ' ' && c < 0x7F && c != '#'; }

// Takes `part` off the front, whatever its case.
bool take(Text* text, const char* part) {
  const std::size_t size = std::strlen(part);
  if (text->size < size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const char c = text->data[i];
    const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (small != part[i]) return false;
  }
  *text = {text->data + size, text->size - size};
  return true;
}

bool take_host(Text* text, char (&host)[kUrlHostCapacity]) {
  std::size_t size = 0;
  while (size < text->size && is_host_character(text->data[size])) ++size;
  if (size == 0 || size >= kUrlHostCapacity) return false;
  std::memcpy(host, text->data, size);
  host[size] = '\0';
  *text = {text->data + size, text->size - size};
  return true;
}

bool take_port(Text* text, std::uint16_t* port) {
  std::uint32_t number = 0;
  std::size_t size = 0;
  while (size < text->size && text->data[size] >= '0' && text->data[size] <= '9') {
    number = number * 10 + static_cast<std::uint32_t>(text->data[size] - '0');
    if (number > UINT16_MAX) return false;
    ++size;
  }
  if (size == 0 || number == 0) return false;
  *port = static_cast<std::uint16_t>(number);
  *text = {text->data + size, text->size - size};
  return true;
}

}  // namespace

bool parse_url(Text text, Url* url) {
  *url = {};
  url->is_https = take(&text, "https://");
  if (!url->is_https && !take(&text, "http://")) return false;
  if (!take_host(&text, url->host)) return false;
  url->port = url->is_https ? 443 : 80;
  if (take(&text, ":") && !take_port(&text, &url->port)) return false;
  if (text.size > 0 && text.data[0] != '/') return false;
  for (std::size_t i = 0; i < text.size; ++i) {
    if (!is_path_character(text.data[i])) return false;
  }
  url->path = text.size > 0 ? text : text_of("/");
  return true;
}

}  // namespace skiclock
