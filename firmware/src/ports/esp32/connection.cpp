// One TCP or TLS connection, over the core's client and mbedTLS.
#include "connection.h"

#include <cstdio>
#include <new>

namespace skiclock {
namespace {

constexpr std::int32_t kConnectMs = 5000;
constexpr unsigned long kHandshakeS = 9;

}  // namespace

void Connection::open(const Endpoint& endpoint) {
  close();
  problem_[0] = '\0';
  const bool is_open =
      endpoint.trust == Trust::kPlain ? open_plain(endpoint) : open_secure(endpoint);
  if (!is_open) close();
}

bool Connection::open_plain(const Endpoint& endpoint) {
  client_.reset(new (std::nothrow) WiFiClient);
  if (client_ && client_->connect(endpoint.host, endpoint.port, kConnectMs)) return true;
  std::snprintf(problem_, sizeof problem_, "no connection");
  return false;
}

bool Connection::open_secure(const Endpoint& endpoint) {
  auto* client = new (std::nothrow) WiFiClientSecure;
  client_.reset(client);
  if (client == nullptr) {
    std::snprintf(problem_, sizeof problem_, "no memory");
    return false;
  }
  if (endpoint.trust == Trust::kInsecure) {
    client->setInsecure();
  } else {
    client->setCACert(endpoint.roots_pem);
  }
  client->setHandshakeTimeout(kHandshakeS);
  if (client->connect(endpoint.host, endpoint.port, kConnectMs) != 0) return true;
  if (client->lastError(problem_, sizeof problem_) == 0) {
    std::snprintf(problem_, sizeof problem_, "no connection");
  }
  return false;
}

StreamState Connection::state() {
  return client_ && client_->connected() ? StreamState::kOpen : StreamState::kClosed;
}

std::size_t Connection::read(std::uint8_t* buffer, std::size_t capacity) {
  if (!client_ || client_->available() <= 0) return 0;
  const int size = client_->read(buffer, capacity);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

std::size_t Connection::write(Bytes bytes) {
  return client_ ? client_->write(bytes.data, bytes.size) : 0;
}

void Connection::close() {
  if (client_) client_->stop();
  client_.reset();
}

}  // namespace skiclock
