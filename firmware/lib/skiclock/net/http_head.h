// The head of an HTTP response, read byte by byte from a server that may send anything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::size_t kEtagCapacity = 80;

// What a head said. Absent: false, 0 or empty.
struct HttpHead {
  std::uint16_t status = 0;
  bool has_length = false;
  std::uint32_t length_bytes = 0;  // of the body that follows
  bool has_range = false;
  std::uint32_t range_first = 0;  // Content-Range: bytes first-last/total
  std::uint32_t range_last = 0;
  bool has_total = false;  // also without a range, in a 416
  std::uint32_t range_total = 0;
  bool is_transfer_encoded = false;  // chunked or the like
  bool is_content_encoded = false;   // gzip or the like
  char etag[kEtagCapacity] = "";     // as it came, with its quotes
};

class HttpHeadReader {
 public:
  // A head, all lines together.
  static constexpr std::size_t kMaxHeadBytes = 8192;

  enum class Result : std::uint8_t {
    kMore,  // not yet at its end
    kDone,  // the body follows
    kBad,   // no HTTP/1, contradictory, or too large
  };

  void reset();
  Result take(std::uint8_t byte);
  const HttpHead& head() const { return head_; }

 private:
  // A line that is longer is read to its end, and only its beginning is looked at.
  static constexpr std::size_t kLineCapacity = 160;

  Result end_line();
  bool read_status();
  bool read_field();

  HttpHead head_;
  std::size_t size_ = 0;
  bool has_status_ = false;
  std::size_t line_size_ = 0;
  char line_[kLineCapacity] = {};
};

}  // namespace skiclock
