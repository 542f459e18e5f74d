// Datagrams over WiFiUDP; names are looked up by lwIP.
#include "udp.h"

#include "chip.h"

namespace skiclock {
namespace {

// Any port that nothing well-known uses; answers come back to it.
constexpr std::uint16_t kLocalPort = 50123;

}  // namespace

bool Udp::send(const char* host, std::uint16_t port, Bytes datagram) {
  IPAddress address;
  if (!look_up(host, &address)) return false;
  if (!is_open_) is_open_ = socket_.begin(kLocalPort) != 0;
  if (!is_open_ || socket_.beginPacket(address, port) == 0) return false;
  socket_.write(datagram.data, datagram.size);
  return socket_.endPacket() != 0;
}

std::size_t Udp::receive(std::uint8_t* buffer, std::size_t capacity) {
  if (!is_open_ || socket_.parsePacket() <= 0) return 0;
  const int size = socket_.read(buffer, capacity);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace skiclock
