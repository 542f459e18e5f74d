// The server's download route behind a connection.
#include "fakes/fake_image_server.h"

#include <algorithm>
#include <cstring>

namespace skiclock::fakes {
namespace {

// What follows this header's name in the request; empty where it is not there.
std::string header(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

void FakeImageServer::open(const Endpoint&) {
  is_open_ = is_reachable && power_.step();
  is_answering_ = false;
  answer_.clear();
  sent_ = 0;
  break_at_ = kNever;
  if (!is_open_) return;
  requests.emplace_back();
  if (breaks_at.empty()) return;
  break_at_ = breaks_at.front();
  breaks_at.pop_front();
}

StreamState FakeImageServer::state() {
  if (!is_open_ || !power_.is_on()) return StreamState::kClosed;
  const bool is_over = is_answering_ && sent_ == answer_.size();
  return is_over || (is_broken() && !stalls) ? StreamState::kClosed : StreamState::kOpen;
}

std::size_t FakeImageServer::read(std::uint8_t* buffer, std::size_t capacity) {
  if (!is_open_ || !is_answering_ || is_broken() || !power_.is_on()) return 0;
  const std::size_t size = std::min({capacity, piece, answer_.size() - sent_, break_at_ - sent_});
  // A head is read byte by byte: one step for all of it.
  if (size > 1 && !power_.step()) return 0;
  std::memcpy(buffer, answer_.data() + sent_, size);
  sent_ += size;
  answer_bytes += size;
  return size;
}

std::size_t FakeImageServer::write(Bytes bytes) {
  if (!is_open_ || !power_.step()) return 0;
  requests.back().append(reinterpret_cast<const char*>(bytes.data), bytes.size);
  if (requests.back().find("\r\n\r\n") != std::string::npos) answer();
  return bytes.size;
}

void FakeImageServer::answer() {
  is_answering_ = true;
  const std::string& request = requests.back();
  const std::string if_range = header(request, "If-Range");
  const bool is_same = !knows_if_range || if_range.empty() || if_range == etag;
  const std::string range = knows_ranges && is_same ? header(request, "Range") : "";
  std::size_t first = 0;
  if (range.compare(0, 6, "bytes=") == 0) first = std::stoul(range.substr(6));
  const std::string total = std::to_string(image.size());
  std::string line = std::to_string(status) + " Some";
  std::string extra;
  if (first >= image.size() && first > 0) {
    line = "416 Unsatisfiable";
    extra = "Content-Range: bytes */" + total + "\r\n";
    first = image.size();
  } else if (first > 0 && status == 200) {
    line = "206 Partial";
    extra = "Content-Range: bytes " + std::to_string(first) + "-" +
            std::to_string(image.size() - 1) + "/" + total + "\r\n";
  }
  answer_ = "HTTP/1.1 " + line + "\r\nContent-Length: " + std::to_string(image.size() - first) +
            "\r\n" + extra + (etag.empty() ? "" : "ETag: " + etag + "\r\n") + "\r\n" +
            image.substr(first);
  if (break_at_ != kNever) break_at_ += answer_.find("\r\n\r\n") + 4;
}

}  // namespace skiclock::fakes
