// A TCP connection to this machine, without TLS, for tests with real servers.
#pragma once

#include "skiclock/ports.h"

namespace skiclock::test {

class TcpStream : public StreamPort {
 public:
  ~TcpStream() override { close(); }
  // `endpoint.host` is an IPv4 address.
  void open(const Endpoint& endpoint) override;
  StreamState state() override;
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  std::size_t write(Bytes bytes) override;
  void close() override;
  const char* problem() override { return problem_; }

  // Waits until something can be read, for a few milliseconds at most.
  void wait() const;

 private:
  void fail();

  int socket_ = -1;
  bool is_ended_ = false;  // the other end sends no more
  const char* problem_ = "";
};

}  // namespace skiclock::test
