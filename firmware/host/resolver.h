// Names to addresses without waiting: a thread of its own asks the system.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skiclock::host {

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

// The addresses of a host, in the order in which to try them. Blocks.
std::vector<Address> addresses_of(const std::string& host, std::uint16_t port, int socket_type);

class Resolver {
 public:
  void begin(const std::string& host, std::uint16_t port, int socket_type = SOCK_STREAM);
  // Nothing as long as it is being looked up; then the addresses, none where there are none.
  std::optional<std::vector<Address>> poll();

 private:
  struct Search;
  // Shared with the thread, which may outlive us.
  std::shared_ptr<Search> search_;
};

}  // namespace skiclock::host
