// Datagrams, for asking the time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "resolver.h"
#include "skiclock/ports.h"

namespace skiclock::host {

class Udp : public UdpPort {
 public:
  explicit Udp(NetworkPort& network) : network_(network) {}
  ~Udp() override;
  Udp(const Udp&) = delete;
  Udp& operator=(const Udp&) = delete;
  bool send(const char* host, std::uint16_t port, Bytes datagram) override;
  std::size_t receive(std::uint8_t* buffer, std::size_t capacity) override;

 private:
  const std::vector<Address>& addresses(const std::string& host, std::uint16_t port);
  bool open(int family);
  void close();

  NetworkPort& network_;
  int socket_ = -1;
  // Looked up once: servers are few, and a look-up may take its second.
  std::map<std::string, std::vector<Address>> known_;
};

}  // namespace skiclock::host
