// A TCP connection to this machine, without TLS, for tests with real servers.
#include "net/tcp_stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace skiclock::test {

void TcpStream::open(const Endpoint& endpoint) {
  close();
  problem_ = "";
  is_ended_ = false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool is_address = inet_pton(AF_INET, endpoint.host, &address.sin_addr) == 1;
  const int result =
      is_address ? connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) : -1;
  if (result != 0 && errno != EINPROGRESS) fail();
}

StreamState TcpStream::state() {
  if (socket_ < 0 || is_ended_) return StreamState::kClosed;
  pollfd wanted{socket_, POLLOUT, 0};
  if (::poll(&wanted, 1, 0) == 0) {
    // A full line is open as well; one that is being made is neither.
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const bool is_connected = getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
    return is_connected ? StreamState::kOpen : StreamState::kOpening;
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return StreamState::kOpen;
  errno = error;
  fail();
  return StreamState::kClosed;
}

std::size_t TcpStream::read(std::uint8_t* buffer, std::size_t capacity) {
  if (socket_ < 0) return 0;
  const ssize_t count = recv(socket_, buffer, capacity, 0);
  if (count > 0) return static_cast<std::size_t>(count);
  const bool is_empty = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  if (!is_empty && capacity > 0) is_ended_ = true;
  return 0;
}

std::size_t TcpStream::write(Bytes bytes) {
  if (socket_ < 0) return 0;
  const ssize_t count = send(socket_, bytes.data, bytes.size, MSG_NOSIGNAL);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void TcpStream::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void TcpStream::wait() const {
  pollfd wanted{socket_, POLLIN, 0};
  ::poll(&wanted, socket_ < 0 ? 0 : 1, 5);
}

void TcpStream::fail() {
  problem_ = std::strerror(errno);
  close();
}

}  // namespace skiclock::test
