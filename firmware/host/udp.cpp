// Datagrams, for asking the time.
#include "udp.h"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace skiclock::host {
namespace {

constexpr std::chrono::milliseconds kLookUpWithin{1000};
constexpr std::chrono::milliseconds kLookAgain{5};

}  // namespace

Udp::~Udp() { close(); }

bool Udp::send(const char* host, std::uint16_t port, Bytes datagram) {
  if (!network_.is_up()) return false;
  for (const Address& address : addresses(host, port)) {
    const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
    if (!open(address.storage.ss_family)) continue;
    // Connected, the kernel lets nobody else answer.
    if (::connect(socket_, target, address.size) == 0 &&
        ::send(socket_, datagram.data, datagram.size, MSG_NOSIGNAL) ==
            static_cast<ssize_t>(datagram.size)) {
      return true;
    }
  }
  close();
  return false;
}

std::size_t Udp::receive(std::uint8_t* buffer, std::size_t capacity) {
  if (socket_ < 0 || !network_.is_up()) return 0;
  const ssize_t got = ::recv(socket_, buffer, capacity, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

const std::vector<Address>& Udp::addresses(const std::string& host, std::uint16_t port) {
  std::vector<Address>& found = known_[host + ":" + std::to_string(port)];
  if (!found.empty()) return found;
  Resolver resolver;
  resolver.begin(host, port, SOCK_DGRAM);
  const auto until = std::chrono::steady_clock::now() + kLookUpWithin;
  while (std::chrono::steady_clock::now() < until) {
    if (const auto answer = resolver.poll()) {
      found = *answer;
      break;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return found;
}

bool Udp::open(int family) {
  close();
  socket_ = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return socket_ >= 0;
}

void Udp::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

}  // namespace skiclock::host
