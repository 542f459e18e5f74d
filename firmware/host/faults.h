// What can be made to go wrong on purpose; all off unless the command line says so.
#pragma once

#include <cstdint>
#include <optional>

namespace skiclock::host {

struct Faults {
  // Wi-Fi is away for `wifi_lost_for_s` after so long, once.
  std::optional<std::uint32_t> wifi_lost_after_s;
  std::uint32_t wifi_lost_for_s = 0;
  // Power is cut when this byte of the slot would be written.
  std::optional<std::uint32_t> power_cut_at_byte;
  // This byte of the slot is stored wrong.
  std::optional<std::uint32_t> corrupt_byte;
  // Once a connection has brought so many bytes, nothing more moves on it for `stall_for_s`.
  std::optional<std::uint32_t> stall_at_byte;
  std::uint32_t stall_for_s = 3600;
  // What the battery-backed clock is off by.
  std::int64_t rtc_error_s = 0;
  // The flash takes no more bytes: neither an image beyond its first sector nor a record.
  bool flash_is_full = false;
};

}  // namespace skiclock::host
