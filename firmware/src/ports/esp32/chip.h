// What is special to the ESP32 family: the chip itself, and names that both families share.
#pragma once

#include <WebServer.h>
#include <WiFi.h>

#include "skiclock/app/build.h"
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

// Fills in what the chip says of itself and how it takes updates.
void describe_chip(Build* build);
// Returns what endpoints name as their roots: the provisioned ones, else the build's.
const char* load_roots(StorePort& store, const BuildDefaults& defaults);

}  // namespace skiclock
