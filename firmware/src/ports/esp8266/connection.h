// One TCP or TLS connection, over the core's client and BearSSL.
#pragma once

#include <WiFiClientSecure.h>

#include <memory>

#include "skiclock/ports.h"

namespace skiclock {

// Where provisioned roots are; it outlives all connections.
void set_root_store(StorePort& store);

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
  void remember(const Endpoint& endpoint);
  bool load_roots(const char* built_in_pem);

  std::unique_ptr<BearSSL::X509List> roots_;
  std::unique_ptr<WiFiClient> client_;
  // Of the host that was asked last.
  char host_[64] = {};
  std::uint16_t port_ = 0;
  bool has_small_records_ = false;
  BearSSL::Session session_;
  char problem_[64] = {};
};

}  // namespace skiclock
