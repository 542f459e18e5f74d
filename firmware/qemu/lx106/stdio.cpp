// Under QEMU's "sim" machine for the ESP8266's lx106: start-up, and the outside by simcall.
#include "../chip.h"

#include <cstring>

extern "C" {
int simcall(int number, int a, int b, int c);
int main();
void start();

extern char bss_start[];
extern char bss_end[];
extern void (*constructors_start[])();
extern void (*constructors_end[])();
}

namespace {

constexpr int kExit = 1;
constexpr int kWrite = 4;
constexpr int kStandardOutput = 1;

}  // namespace

void put(const char* text, std::size_t size) {
  simcall(kWrite, kStandardOutput, reinterpret_cast<int>(text), static_cast<int>(size));
}

// The core's cycle counter follows QEMU's idea of time, not instructions.
std::uint32_t instructions() { return 0; }

void start() {
  std::memset(bss_start, 0, static_cast<std::size_t>(bss_end - bss_start));
  for (auto* construct = constructors_start; construct != constructors_end; ++construct)
    (*construct)();
  simcall(kExit, main(), 0, 0);
  for (;;) {
  }
}
