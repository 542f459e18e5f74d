// One connection of the clock, TCP or TLS, that never waits.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "faults.h"
#include "resolver.h"
#include "skiclock/ports.h"
#include "tcp.h"
#include "tls.h"

namespace skiclock::host {

class NetStream : public StreamPort {
 public:
  // `network` says whether there is any; what is open breaks when it goes.
  NetStream(NetworkPort& network, const Faults& faults);
  ~NetStream() override;
  void open(const Endpoint& endpoint) override;
  StreamState state() override;
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  std::size_t write(Bytes bytes) override;
  void close() override;
  const char* problem() override { return problem_.c_str(); }

 private:
  enum class Step {
    kClosed,      // nothing, or broken: `problem_` says why
    kResolving,   // the name is being looked up
    kConnecting,  // TCP
    kShaking,     // the TLS handshake
    kOpen,        // bytes move
  };

  void advance();
  void connected();
  void shaken();
  void fail(const std::string& why);
  bool is_stalled();
  std::size_t read_plain(std::uint8_t* buffer, std::size_t capacity);
  std::size_t read_secret(std::uint8_t* buffer, std::size_t capacity);

  NetworkPort& network_;
  const Faults& faults_;
  Step step_ = Step::kClosed;
  std::string host_;
  Trust trust_ = Trust::kVerified;
  std::string roots_pem_;
  std::chrono::steady_clock::time_point opened_at_;
  std::chrono::steady_clock::time_point stalled_until_;
  std::uint64_t bytes_read_ = 0;
  bool has_stalled_ = false;
  Resolver resolver_;
  Tcp tcp_;
  std::unique_ptr<Tls> tls_;
  std::string problem_;
};

}  // namespace skiclock::host
