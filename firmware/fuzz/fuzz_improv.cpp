// A serial line that carries anything: what it answers is well-formed.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "input.h"
#include "skiclock/net/improv.h"

using skiclock::Bytes;
using skiclock::ImprovReader;
using skiclock::fuzz::require;

namespace {

struct Serial : skiclock::SerialPort {
  skiclock::fuzz::Input& input;
  ImprovReader browser;

  explicit Serial(skiclock::fuzz::Input& from) : input(from) {}
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override {
    const Bytes piece = input.bytes(std::min<std::size_t>(capacity, input.byte()));
    if (piece.size > 0) std::memcpy(buffer, piece.data, piece.size);
    return piece.size;
  }
  void write(Bytes bytes) override {
    int packets = 0;
    for (std::size_t i = 0; i < bytes.size; ++i) {
      const ImprovReader::Result result = browser.take(bytes.data[i]);
      require(result != ImprovReader::Result::kBroken);
      packets += result == ImprovReader::Result::kPacket ? 1 : 0;
    }
    require(packets == 1);
  }
};

struct Network : skiclock::NetworkPort {
  bool up = false;
  char name[33] = "";

  bool is_up() override { return up; }
  std::int16_t rssi_dbm() override { return -60; }
  void ssid(char* buffer, std::size_t capacity) override {
    require(capacity >= sizeof name);
    std::memcpy(buffer, name, sizeof name);
  }
  void ip_address(char* buffer, std::size_t) override { buffer[0] = '\0'; }
  bool is_portal_open() override { return false; }
  void open_portal() override {}
  bool add_network(const char* ssid, const char* password) override {
    const std::size_t size = std::strlen(ssid);
    require(size > 0 && size < sizeof name && std::strlen(password) <= 64);
    std::memcpy(name, ssid, size + 1);
    return size % 5 != 0;
  }
  void forget_networks() override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::Input input(data, size);
  Serial serial(input);
  Network network;
  skiclock::Improv improv(serial, network, {"Ski Clock", "1", "ESP32", "Hall", "https://x/"});
  for (std::uint32_t now_ms = 0; !input.is_empty(); now_ms += 5000) {
    network.up = input.byte() % 2 == 1;
    improv.poll(now_ms);
  }
  return 0;
}
