// MQTT packets as a broker writes them, and as a test reads what a clock wrote: built by hand from
// the standard, not with the code under test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace skiclock::test {

inline std::string packet(int first_byte, const std::string& body) {
  std::string bytes(1, static_cast<char>(first_byte));
  std::size_t left = body.size();
  do {
    bytes += static_cast<char>((left % 128) | (left > 127 ? 0x80 : 0));
    left /= 128;
  } while (left > 0);
  return bytes + body;
}

inline std::string number(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}

inline std::string text(const std::string& value) {
  return number(static_cast<unsigned>(value.size())) + value;
}

inline std::string connack(int code) { return packet(0x20, {'\0', static_cast<char>(code)}); }
inline std::string puback(unsigned id) { return packet(0x40, number(id)); }
inline std::string pingresp() { return packet(0xD0, ""); }
inline std::string suback(unsigned id, const std::string& codes) {
  return packet(0x90, number(id) + codes);
}
inline std::string publish(const std::string& topic, const std::string& payload, unsigned id = 0,
                           bool is_retained = false) {
  const int first = 0x30 | (id != 0 ? 2 : 0) | (is_retained ? 1 : 0);
  return packet(first, text(topic) + (id != 0 ? number(id) : "") + payload);
}

struct Packet {
  int first_byte;
  std::string body;
};

// Whole packets only.
inline std::vector<Packet> split(const std::string& bytes) {
  std::vector<Packet> packets;
  for (std::size_t at = 0; at < bytes.size();) {
    const int first = static_cast<unsigned char>(bytes[at++]);
    std::size_t size = 0;
    for (int shift = 0; at < bytes.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      size |= static_cast<std::size_t>(byte & 127) << shift;
      if (byte < 128) break;
    }
    if (bytes.size() - at < size) break;
    packets.push_back({first, bytes.substr(at, size)});
    at += size;
  }
  return packets;
}

}  // namespace skiclock::test
