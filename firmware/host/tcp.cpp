// A TCP connection that never waits.
#include "tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace skiclock::host {

Tcp::~Tcp() { close(); }

void Tcp::begin(std::vector<Address> addresses) {
  close();
  addresses_ = std::move(addresses);
  next_ = 0;
  problem_ = addresses_.empty() ? "no such host" : "";
  if (!addresses_.empty()) try_next();
}

Tcp::Progress Tcp::try_next() {
  while (next_ < addresses_.size()) {
    close();
    const Address& address = addresses_[next_++];
    socket_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ >= 0) {
      const int on = 1;
      ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
      if (::connect(socket_, target, address.size) == 0) return Progress::kConnected;
      if (errno == EINPROGRESS) return Progress::kPending;
    }
    problem_ = std::strerror(errno);
  }
  close();
  return Progress::kFailed;
}

Tcp::Progress Tcp::poll() {
  if (socket_ < 0) return Progress::kFailed;
  pollfd wanted = {socket_, POLLOUT, 0};
  if (::poll(&wanted, 1, 0) == 0) return Progress::kPending;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return Progress::kConnected;
  problem_ = std::strerror(error);
  return try_next();
}

ssize_t Tcp::read(void* buffer, std::size_t capacity) {
  return ::recv(socket_, buffer, capacity, 0);
}

ssize_t Tcp::write(const void* data, std::size_t size) {
  return ::send(socket_, data, size, MSG_NOSIGNAL);
}

void Tcp::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

}  // namespace skiclock::host
