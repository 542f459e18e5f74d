// One TCP or TLS connection, over the core's client and mbedTLS.
#pragma once

#include <WiFiClientSecure.h>

#include <memory>

#include "skiclock/ports.h"

namespace skiclock {

class Connection : public StreamPort {
 public:
  void open(const Endpoint& endpoint) override;
  StreamState state() override;
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  std::size_t write(Bytes bytes) override;
  void close() override;
  const char* problem() override { return problem_; }

 private:
  bool open_plain(const Endpoint& endpoint);
  bool open_secure(const Endpoint& endpoint);

  std::unique_ptr<WiFiClient> client_;
  char problem_[64] = {};
};

}  // namespace skiclock
