// URLs, as far as a clock needs them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::size_t kUrlHostCapacity = 128;

// `path` is a part of the text that was parsed: from the first slash on, query included; "/" where
// there is none. It holds nothing that could end a request line.
struct Url {
  bool is_https = false;
  char host[kUrlHostCapacity] = "";
  std::uint16_t port = 0;
  Text path;
};

// Takes http:// and https:// with a name or an IPv4 address, and a port where it is not the usual
// one. No user, no fragment, no IPv6. False for anything else.
bool parse_url(Text text, Url* url);

}  // namespace skiclock
