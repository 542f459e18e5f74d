// Datagrams over WiFiUDP; names are looked up by lwIP.
#pragma once

#include <WiFiUdp.h>

#include "skiclock/ports.h"

namespace skiclock {

class Udp : public UdpPort {
 public:
  bool send(const char* host, std::uint16_t port, Bytes datagram) override;
  std::size_t receive(std::uint8_t* buffer, std::size_t capacity) override;

 private:
  WiFiUDP socket_;
  bool is_open_ = false;
};

}  // namespace skiclock
