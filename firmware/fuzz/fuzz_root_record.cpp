// Any two records as roots: the PEM is whole and within its buffer.
#include <cstdint>
#include <vector>

#include "input.h"
#include "memory_store.h"
#include "skiclock/config/identity.h"

using skiclock::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::Input input(data, size);
  skiclock::fuzz::MemoryStore store;
  const std::uint8_t how = input.byte();
  const skiclock::Bytes first = input.bytes((input.byte() << 3) + 0U);
  store.put("root1", skiclock::RecordKind::kRoot, first);
  if ((how & 1) != 0) {
    store.put("root2", skiclock::RecordKind::kRoot, input.rest());
  } else {
    store.write("root2", input.rest());
  }
  std::vector<char> pem(skiclock::kRootsPemCapacity);
  const std::size_t length = read_roots_pem(store, {}, pem.data(), pem.size());
  require(length < pem.size() && pem[length] == '\0');
  require(length == 0 || pem[length - 1] == '\n');
  return 0;
}
