// One TCP or TLS connection, over the core's client and BearSSL.
#include "connection.h"

#include <cstdio>
#include <cstring>
#include <new>

#include "skiclock/config/identity.h"

namespace skiclock {
namespace {

constexpr unsigned long kTimeoutMs = 10000;
// Bytes that a server agrees to keep its records within (RFC 6066, maximum fragment length).
constexpr std::uint16_t kSmallRecord = 1024;
// Where it does not: its certificates and what it says to a clock fit into this, and the 16 KiB
// that TLS allows do not fit into this chip.
constexpr int kReceiveBytes = 5120;
constexpr int kSendBytes = 512;

StorePort* root_store = nullptr;

}  // namespace

void set_root_store(StorePort& store) { root_store = &store; }

void Connection::open(const Endpoint& endpoint) {
  close();
  problem_[0] = '\0';
  const bool is_open =
      endpoint.trust == Trust::kPlain ? open_plain(endpoint) : open_secure(endpoint);
  if (!is_open) close();
}

bool Connection::open_plain(const Endpoint& endpoint) {
  client_.reset(new (std::nothrow) WiFiClient);
  if (client_) client_->setTimeout(kTimeoutMs);
  if (client_ && client_->connect(endpoint.host, endpoint.port)) return true;
  std::snprintf(problem_, sizeof problem_, "no connection");
  return false;
}

bool Connection::open_secure(const Endpoint& endpoint) {
  remember(endpoint);
  auto* client = new (std::nothrow) BearSSL::WiFiClientSecure;
  client_.reset(client);
  if (client == nullptr) {
    std::snprintf(problem_, sizeof problem_, "no memory");
    return false;
  }
  if (endpoint.trust == Trust::kInsecure) {
    client->setInsecure();
  } else {
    // Their dates are compared with the system's time, which main.cpp keeps.
    if (!load_roots(endpoint.roots_pem)) {
      std::snprintf(problem_, sizeof problem_, "no root certificate");
      return false;
    }
    client->setTrustAnchors(roots_.get());
  }
  client->setBufferSizes(has_small_records_ ? kSmallRecord : kReceiveBytes, kSendBytes);
  client->setSession(&session_);
  client->setTimeout(kTimeoutMs);
  if (client->connect(endpoint.host, endpoint.port) != 0) return true;
  if (client->getLastSSLError(problem_, sizeof problem_) == 0) {
    std::snprintf(problem_, sizeof problem_, "no connection");
  }
  return false;
}

// They are in RAM only for as long as a connection is.
bool Connection::load_roots(const char* built_in_pem) {
  roots_.reset(new (std::nothrow) BearSSL::X509List);
  std::unique_ptr<std::uint8_t[]> buffer(new (std::nothrow) std::uint8_t[kRootCapacity]);
  if (!roots_ || !buffer || root_store == nullptr) return false;
  Bytes der;
  for (std::size_t number = 0; number < 2; ++number) {
    if (!read_root(*root_store, number, buffer.get(), kRootCapacity, &der)) continue;
    roots_->append(der.data, der.size);
  }
  // A text in flash; the core's parser reads it there.
  if (roots_->getCount() == 0) roots_->append(built_in_pem);
  return roots_->getCount() > 0;
}

// Asks a new host once how small its records can be; what was agreed with another is forgotten.
void Connection::remember(const Endpoint& endpoint) {
  if (std::strcmp(host_, endpoint.host) == 0 && port_ == endpoint.port) return;
  std::snprintf(host_, sizeof host_, "%s", endpoint.host);
  port_ = endpoint.port;
  session_ = BearSSL::Session();
  has_small_records_ =
      BearSSL::WiFiClientSecure::probeMaxFragmentLength(endpoint.host, endpoint.port, kSmallRecord);
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
  roots_.reset();
}

}  // namespace skiclock
