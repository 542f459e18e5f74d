// Any text is an address or not; what is one holds nothing that ends a request line.
#include <cstdint>
#include <cstring>

#include "input.h"
#include "skiclock/net/url.h"

using skiclock::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::Url url;
  if (!parse_url({reinterpret_cast<const char*>(data), size}, &url)) return 0;
  require(url.port != 0 && url.host[0] != '\0' && url.path.size > 0 && url.path.data[0] == '/');
  require(std::memchr(url.host, '\0', sizeof url.host) != nullptr);
  for (std::size_t i = 0; i < url.path.size; ++i) {
    require(url.path.data[i] > ' ' && url.path.data[i] < 0x7F);
  }
  return 0;
}
