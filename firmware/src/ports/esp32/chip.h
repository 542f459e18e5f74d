// What is special to the ESP32 family: the chip itself, and names that both families share.
#pragma once

#include <WebServer.h>
#include <WiFi.h>

#include "skiclock/ports.h"

namespace skiclock {

using WebServerOfChip = WebServer;

class Chip : public SystemPort {
 public:
  void restart() override;
  const char* reset_reason() override;
  std::uint32_t free_heap_bytes() override;
  std::uint32_t min_free_heap_bytes() override;
  std::uint32_t random() override;
};

std::uint32_t random_word();
// May block for 1 s.
bool look_up(const char* host, IPAddress* address);
// Without the credentials that the SDK keeps for itself.
void forget_last_network();

// What never changes: written terminated. `id` is what first-generation firmware made of it.
struct ChipFacts {
  char id[17];
  char mac[18];
  const char* model;
  const char* sdk;
  std::uint32_t flash_bytes;
};
ChipFacts chip_facts();

}  // namespace skiclock
