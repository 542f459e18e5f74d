// What an NTP server answers, field by field, so that a test can spoil one of them.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "skiclock/time/ntp_packet.h"

struct NtpAnswer {
  std::uint8_t leap = 0;
  std::uint8_t version = 4;
  std::uint8_t mode = 4;
  std::uint8_t stratum = 2;
  std::uint32_t root_delay = 655;       // 10 ms
  std::uint32_t root_dispersion = 328;  // 5 ms
  char reference_id[5] = "GPS";
  std::int64_t unix_ms = 1795521600000;  // when it was sent; 0: no time
  std::int64_t held_ms = 0;
  std::int64_t reference_unix_ms = 1795521500000;
  std::uint64_t originate = 0;

  void kiss(const char* code) {
    stratum = 0;
    leap = 3;
    std::strcpy(reference_id, code);
  }

  std::array<std::uint8_t, 48> encode() const {
    std::array<std::uint8_t, 48> packet{};
    packet[0] = static_cast<std::uint8_t>(leap << 6 | version << 3 | mode);
    packet[1] = stratum;
    put(packet, 4, root_delay, 4);
    put(packet, 8, root_dispersion, 4);
    std::memcpy(packet.data() + 12, reference_id, 4);
    put(packet, 16, timestamp(reference_unix_ms), 8);
    put(packet, 24, originate, 8);
    put(packet, 32, unix_ms == 0 ? 0 : timestamp(unix_ms - held_ms), 8);
    put(packet, 40, timestamp(unix_ms), 8);
    return packet;
  }

 private:
  static std::uint64_t timestamp(std::int64_t unix_ms) {
    return unix_ms == 0 ? 0 : skiclock::ntp_of(unix_ms);
  }
  static void put(std::array<std::uint8_t, 48>& packet, std::size_t at, std::uint64_t value,
                  unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      packet[at + i] = static_cast<std::uint8_t>(value >> 8 * (bytes - 1 - i));
    }
  }
};
