// What is special to the ESP32 family: the chip itself.
#include "chip.h"

#include <Arduino.h>
#include <esp_system.h>
#include <lwip/dns.h>

#include <cstdio>

#include "skiclock/config/identity.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kLookUpMs = 1000;

// Written by lwIP's task, for one look-up at a time; a late answer to an earlier one is dropped.
struct LookUp {
  volatile std::uint32_t number = 0;
  volatile std::uint32_t answered = 0;
  volatile std::uint32_t address = 0;
};
LookUp current_look_up;

void on_found(const char*, const ip_addr_t* address, void* number) {
  const auto asked = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number));
  if (asked != current_look_up.number) return;
  current_look_up.address = address == nullptr ? 0 : ip_addr_get_ip4_u32(address);
  current_look_up.answered = asked;
}

}  // namespace

void Chip::restart() { ESP.restart(); }

const char* Chip::reset_reason() {
  switch (esp_reset_reason()) {
    case ESP_RST_POWERON:
      return "power_on";
    case ESP_RST_EXT:
      return "external";
    case ESP_RST_SW:
      return "software";
    case ESP_RST_PANIC:
      return "panic";
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
      return "watchdog";
    case ESP_RST_DEEPSLEEP:
      return "deep_sleep";
    case ESP_RST_BROWNOUT:
      return "brownout";
    default:
      return "unknown";
  }
}

std::uint32_t Chip::free_heap_bytes() { return ESP.getFreeHeap(); }
std::uint32_t Chip::min_free_heap_bytes() { return ESP.getMinFreeHeap(); }
std::uint32_t Chip::random() { return random_word(); }

std::uint32_t random_word() { return esp_random(); }

bool look_up(const char* host, IPAddress* address) {
  current_look_up.number = current_look_up.number + 1;
  const std::uint32_t number = current_look_up.number;
  ip_addr_t found;
  const err_t result = dns_gethostbyname(host, &found, on_found,
                                         reinterpret_cast<void*>(static_cast<uintptr_t>(number)));
  if (result == ERR_OK) {
    *address = IPAddress(ip_addr_get_ip4_u32(&found));
    return true;
  }
  if (result != ERR_INPROGRESS) return false;
  const std::uint32_t started_at_ms = millis();
  while (current_look_up.answered != number && millis() - started_at_ms < kLookUpMs) delay(5);
  if (current_look_up.answered != number || current_look_up.address == 0) return false;
  *address = IPAddress(current_look_up.address);
  return true;
}

void forget_last_network() { WiFi.disconnect(false, true); }

void describe_chip(Build* build) {
  static char id[17];
  static char mac[18];
  const std::uint64_t efuse = ESP.getEfuseMac();
  // Both halves without leading zeros, as first-generation clocks wrote it: a clock keeps its name.
  std::snprintf(id, sizeof id, "%x%x", static_cast<unsigned>(efuse >> 32),
                static_cast<unsigned>(efuse & 0xFFFFFFFFU));
  for (int byte = 0; byte < 6; ++byte) {
    std::snprintf(mac + byte * 3, 4, byte < 5 ? "%02x:" : "%02x",
                  static_cast<unsigned>(efuse >> byte * 8 & 0xFF));
  }
  build->device_id = id;
  build->mac = mac;
  build->chip = ESP.getChipModel();
  build->sdk = ESP.getSdkVersion();
  build->flash_bytes = ESP.getFlashChipSize();
  build->image_kind = ImageKind::kEspImage;
  build->min_free_heap_bytes = 60000;  // a second TLS connection takes about 45 kB
  build->low_heap_bytes = 30000;
}

const char* load_roots(StorePort& store, const BuildDefaults& defaults) {
  static char roots_pem[kRootsPemCapacity];
  return read_roots_pem(store, defaults, roots_pem, sizeof roots_pem) > 0 ? roots_pem : "";
}

}  // namespace skiclock
