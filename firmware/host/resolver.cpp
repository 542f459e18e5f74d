// Names to addresses without waiting: a thread of its own asks the system.
#include "resolver.h"

#include <netdb.h>

#include <atomic>
#include <cstring>
#include <thread>

namespace skiclock::host {

struct Resolver::Search {
  std::atomic<bool> is_done{false};
  std::vector<Address> found;
};

std::vector<Address> addresses_of(const std::string& host, std::uint16_t port, int socket_type) {
  addrinfo wanted = {};
  wanted.ai_socktype = socket_type;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  std::vector<Address> found;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &list) != 0) return found;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    Address address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    found.push_back(address);
  }
  ::freeaddrinfo(list);
  return found;
}

void Resolver::begin(const std::string& host, std::uint16_t port, int socket_type) {
  search_ = std::make_shared<Search>();
  std::thread([search = search_, host, port, socket_type] {
    search->found = addresses_of(host, port, socket_type);
    search->is_done.store(true, std::memory_order_release);
  }).detach();
}

std::optional<std::vector<Address>> Resolver::poll() {
  if (!search_ || !search_->is_done.load(std::memory_order_acquire)) return std::nullopt;
  const std::shared_ptr<Search> done = std::move(search_);
  search_.reset();
  return done->found;
}

}  // namespace skiclock::host
