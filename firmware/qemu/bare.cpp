// What the compiler wants of a C++ library that is not there. The core has no heap, so nothing is
// ever deleted; destructors exist because tables of virtual functions name them.
#include <cstddef>

#include "chip.h"

namespace {

[[noreturn]] void give_up() {
  put("deleted, or a function that is none\n", 36);
  for (;;) {
  }
}

}  // namespace

void operator delete(void*) noexcept { give_up(); }
void operator delete(void*, std::size_t) noexcept { give_up(); }

extern "C" {
void* __dso_handle = nullptr;
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
void __cxa_pure_virtual() { give_up(); }
}
