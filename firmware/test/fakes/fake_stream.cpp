// One TCP connection, scripted.
#include "fakes/fake_stream.h"

#include <algorithm>
#include <cstring>

namespace skiclock::fakes {

void FakeStream::open(const Endpoint& endpoint) {
  host = endpoint.host;
  port = endpoint.port;
  trust = endpoint.trust;
  ++opened;
  current_ = {};
  current_.refuses = true;
  if (!script.empty()) {
    current_ = script.front();
    script.pop_front();
  }
  sent_ = 0;
  written.clear();
  requests.emplace_back();
  is_broken_ = false;
  is_open_ = !current_.refuses;
}

StreamState FakeStream::state() {
  if (!is_open_) return StreamState::kClosed;
  if (current_.opening_polls > 0) {
    --current_.opening_polls;
    return StreamState::kOpening;
  }
  const bool is_over = answers() && sent_ == current_.answer.size() && current_.hangs_up;
  return is_broken_ || is_over ? StreamState::kClosed : StreamState::kOpen;
}

std::size_t FakeStream::read(std::uint8_t* buffer, std::size_t capacity) {
  if (!is_open_ || !answers()) return 0;
  const std::size_t size = std::min({capacity, current_.piece, current_.answer.size() - sent_});
  std::memcpy(buffer, current_.answer.data() + sent_, size);
  sent_ += size;
  return size;
}

std::size_t FakeStream::write(Bytes bytes) {
  if (state() != StreamState::kOpen) return 0;
  const std::size_t size = std::min(bytes.size, writes_at_most);
  written.append(reinterpret_cast<const char*>(bytes.data), size);
  requests.back() = written;
  return size;
}

void FakeStream::close() { is_open_ = false; }

bool FakeStream::answers() const {
  return current_.waits_for.empty() || written.find(current_.waits_for) != std::string::npos;
}

}  // namespace skiclock::fakes
