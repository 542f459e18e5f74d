// What is special to the ESP8266: the chip itself.
#include "chip.h"

#include <Arduino.h>
#include <flash_hal.h>
#include <user_interface.h>

#include <algorithm>
#include <cstdio>

#include "connection.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kLookUpMs = 1000;

// The lowest that anybody saw: the SDK does not count.
std::uint32_t lowest_heap_bytes = UINT32_MAX;

}  // namespace

void Chip::restart() { ESP.restart(); }

const char* Chip::reset_reason() {
  switch (ESP.getResetInfoPtr()->reason) {
    case REASON_DEFAULT_RST:
      return "power_on";
    case REASON_WDT_RST:
    case REASON_SOFT_WDT_RST:
      return "watchdog";
    case REASON_EXCEPTION_RST:
      return "panic";
    case REASON_SOFT_RESTART:
      return "software";
    case REASON_DEEP_SLEEP_AWAKE:
      return "deep_sleep";
    case REASON_EXT_SYS_RST:
      return "external";
    default:
      return "unknown";
  }
}

std::uint32_t Chip::free_heap_bytes() {
  const std::uint32_t free_bytes = ESP.getFreeHeap();
  lowest_heap_bytes = std::min(lowest_heap_bytes, free_bytes);
  return free_bytes;
}

std::uint32_t Chip::min_free_heap_bytes() {
  free_heap_bytes();
  return lowest_heap_bytes;
}

std::uint32_t Chip::random() { return random_word(); }

std::uint32_t random_word() { return ESP.random(); }

bool look_up(const char* host, IPAddress* address) {
  return WiFi.hostByName(host, *address, kLookUpMs) == 1;
}

void forget_last_network() { WiFi.disconnect(false); }

void describe_chip(Build* build) {
  static char id[17];
  static char mac[18];
  std::snprintf(id, sizeof id, "%x", static_cast<unsigned>(ESP.getChipId()));
  std::snprintf(mac, sizeof mac, "%s", WiFi.macAddress().c_str());
  build->device_id = id;
  build->mac = mac;
  build->chip = "ESP8266";
  build->sdk = ESP.getSdkVersion();
  build->flash_bytes = ESP.getFlashChipRealSize();
  build->image_kind = ImageKind::kEspImageOrGzip;
  build->unpack_area_end = FS_PHYS_ADDR;
  build->min_free_heap_bytes = 15000;
  build->needs_line_alone = true;
  build->low_heap_bytes = 6000;
}

// The provisioned ones are read from flash while a connection is opened: connection.cpp.
const char* load_roots(StorePort& store, const BuildDefaults& defaults) {
  set_root_store(store);
  return defaults.roots_pem == nullptr ? "" : defaults.roots_pem;
}

}  // namespace skiclock
