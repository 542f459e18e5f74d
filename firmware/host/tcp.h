// A TCP connection that never waits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resolver.h"

namespace skiclock::host {

class Tcp {
 public:
  enum class Progress { kPending, kConnected, kFailed };

  ~Tcp();
  Tcp() = default;
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;

  void begin(std::vector<Address> addresses);
  // Goes on with the next address where one refuses.
  Progress poll();
  // As recv and send do: the number of bytes, 0 at the end, -1 with errno.
  ssize_t read(void* buffer, std::size_t capacity);
  ssize_t write(const void* data, std::size_t size);
  void close();
  // Why the last address did not answer.
  const std::string& problem() const { return problem_; }

 private:
  Progress try_next();

  int socket_ = -1;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  std::string problem_;
};

}  // namespace skiclock::host
