// One connection of the clock, TCP or TLS, that never waits.
#include "stream.h"

#include <cerrno>
#include <cstring>

namespace skiclock::host {
namespace {

constexpr std::chrono::seconds kOpenWithin{15};

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

bool wants_more(int code) {
  return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
}

}  // namespace

NetStream::NetStream(NetworkPort& network, const Faults& faults)
    : network_(network), faults_(faults) {}

NetStream::~NetStream() { NetStream::close(); }

void NetStream::open(const Endpoint& endpoint) {
  close();
  host_ = endpoint.host;
  trust_ = endpoint.trust;
  roots_pem_ = endpoint.roots_pem;
  problem_.clear();
  bytes_read_ = 0;
  opened_at_ = std::chrono::steady_clock::now();
  if (host_.empty()) return fail("no host is set");
  if (!network_.is_up()) return fail("no network");
  resolver_.begin(host_, endpoint.port);
  step_ = Step::kResolving;
}

StreamState NetStream::state() {
  advance();
  if (step_ == Step::kClosed) return StreamState::kClosed;
  return step_ == Step::kOpen ? StreamState::kOpen : StreamState::kOpening;
}

void NetStream::advance() {
  if (step_ == Step::kClosed) return;
  if (!network_.is_up()) return fail("network lost");
  if (step_ == Step::kOpen) return;
  if (std::chrono::steady_clock::now() - opened_at_ > kOpenWithin) return fail("timed out");
  if (step_ == Step::kResolving) {
    const auto found = resolver_.poll();
    if (!found) return;
    tcp_.begin(*found);
    step_ = Step::kConnecting;
  }
  if (step_ == Step::kConnecting) return connected();
  if (step_ == Step::kShaking) shaken();
}

void NetStream::connected() {
  switch (tcp_.poll()) {
    case Tcp::Progress::kPending:
      return;
    case Tcp::Progress::kFailed:
      return fail(tcp_.problem());
    case Tcp::Progress::kConnected:
      break;
  }
  if (trust_ == Trust::kPlain) {
    step_ = Step::kOpen;
    return;
  }
  tls_ = std::make_unique<Tls>(tcp_);
  if (!tls_->begin(host_, trust_, roots_pem_)) return fail(tls_->problem());
  step_ = Step::kShaking;
  shaken();
}

void NetStream::shaken() {
  switch (tls_->handshake()) {
    case Tls::Progress::kPending:
      return;
    case Tls::Progress::kFailed:
      return fail(tls_->problem());
    case Tls::Progress::kDone:
      step_ = Step::kOpen;
  }
}

std::size_t NetStream::read(std::uint8_t* buffer, std::size_t capacity) {
  advance();
  if (step_ != Step::kOpen || is_stalled()) return 0;
  const std::size_t got = tls_ ? read_secret(buffer, capacity) : read_plain(buffer, capacity);
  bytes_read_ += got;
  return got;
}

std::size_t NetStream::read_plain(std::uint8_t* buffer, std::size_t capacity) {
  const ssize_t got = tcp_.read(buffer, capacity);
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0) {
    fail("closed by the other side");
  } else if (!would_wait()) {
    fail(std::strerror(errno));
  }
  return 0;
}

std::size_t NetStream::read_secret(std::uint8_t* buffer, std::size_t capacity) {
  const int got = tls_->read(buffer, capacity);
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0 || got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
    fail("closed by the other side");
  } else if (!wants_more(got)) {
    fail("TLS broke");
  }
  return 0;
}

std::size_t NetStream::write(Bytes bytes) {
  advance();
  if (step_ != Step::kOpen || bytes.size == 0 || is_stalled()) return 0;
  if (tls_) {
    const int sent = tls_->write(bytes);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (!wants_more(sent)) fail("TLS broke");
    return 0;
  }
  const ssize_t sent = tcp_.write(bytes.data, bytes.size);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (!would_wait()) fail(std::strerror(errno));
  return 0;
}

bool NetStream::is_stalled() {
  const auto now = std::chrono::steady_clock::now();
  if (faults_.stall_at_byte && !has_stalled_ && bytes_read_ >= *faults_.stall_at_byte) {
    has_stalled_ = true;
    stalled_until_ = now + std::chrono::seconds(faults_.stall_for_s);
  }
  return has_stalled_ && now < stalled_until_;
}

void NetStream::close() {
  if (tls_ && step_ == Step::kOpen) tls_->end();
  tls_.reset();
  tcp_.close();
  step_ = Step::kClosed;
}

void NetStream::fail(const std::string& why) {
  problem_ = why;
  tls_.reset();
  tcp_.close();
  step_ = Step::kClosed;
}

}  // namespace skiclock::host
