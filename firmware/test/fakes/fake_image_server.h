// The server's download route behind a connection: answers GETs for one image, with ranges, and
// breaks, stalls or misbehaves as a test says.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "fakes/power.h"
#include "skiclock/ports.h"

namespace skiclock::fakes {

class FakeImageServer : public StreamPort {
 public:
  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);

  explicit FakeImageServer(Power& power = mains()) : power_(power) {}

  void open(const Endpoint& endpoint) override;
  StreamState state() override;
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  std::size_t write(Bytes bytes) override;
  void close() override { is_open_ = false; }
  const char* problem() override { return is_reachable ? "" : "no route"; }

  std::string image;
  std::string etag = "\"first\"";
  int status = 200;
  bool is_reachable = true;
  bool knows_ranges = true;
  bool knows_if_range = true;
  std::size_t piece = 512;            // bytes a `read`
  std::deque<std::size_t> breaks_at;  // bytes of the body, one a connection; then none breaks
  bool stalls = false;                // instead of breaking
  std::vector<std::string> requests;
  std::size_t answer_bytes = 0;  // sent so far, over all connections

 private:
  void answer();
  bool is_broken() const { return is_answering_ && sent_ >= break_at_; }

  Power& power_;
  bool is_open_ = false;
  bool is_answering_ = false;
  std::string answer_;
  std::size_t sent_ = 0;
  std::size_t break_at_ = kNever;
};

}  // namespace skiclock::fakes
