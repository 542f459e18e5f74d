// Fetches a body over HTTP(S): one GET a connection, in pieces, resumable.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/net/http_head.h"
#include "skiclock/net/url.h"
#include "skiclock/ports.h"

namespace skiclock {

struct HttpRequest {
  Text url;  // is not needed any more when `start` has returned
  // kVerified or kInsecure for https (kPlain is taken as kVerified there); http only with kPlain,
  // because the key would go in the clear.
  Trust trust = Trust::kVerified;
  const char* roots_pem = "";  // must outlive the request
  Text api_key;                // empty: no header
  Text user_agent;
  // Begins there (`Range`); 0: the whole.
  std::uint32_t first_byte = 0;
  // With `first_byte`: only if the server still has this one (`If-Range`), else it sends the
  // whole anew. As an earlier answer had it; empty: not asked.
  Text etag;
};

// What the body is.
struct HttpAnswer {
  std::uint32_t total_bytes = 0;  // of the whole, whatever part of it is sent
  std::uint32_t first_byte = 0;   // where the body begins: as asked for, or 0
  Text etag;                      // empty: none
};

// Takes the body. Both return false to end the transfer.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  virtual bool on_answer(const HttpAnswer& answer) = 0;
  virtual bool on_body(Bytes piece) = 0;
};

enum class HttpState : std::uint8_t {
  kIdle,     // nothing was started
  kOpening,  // the connection is being made
  kSending,  // the request
  kHead,     // the response's head is awaited
  kBody,     // is arriving
  kDone,     // the body has come whole
  kFailed,   // see `problem`
};

enum class HttpProblem : std::uint8_t {
  kNone,
  kBadUrl,       // not one of ours, or http where TLS is wanted
  kUnreachable,  // no connection; the port knows why
  kTimeout,      // nothing moved for a while
  kBroken,       // the connection ended before the body did
  kStatus,       // neither 200 nor what was asked for; see `status`
  kRedirect,     // 3xx: not followed
  kRange,        // 416, or a 206 with another range than asked for
  kEncoded,      // chunked or compressed
  kNoLength,     // no Content-Length
  kBadHead,      // no HTTP, or larger than a head may be
  kStopped,      // the sink ended it
};
const char* problem_text(HttpProblem problem);

class HttpGet {
 public:
  static constexpr std::uint32_t kOpenMs = 20000;
  // Without a byte in or out, once connected.
  static constexpr std::uint32_t kStallMs = 30000;

  explicit HttpGet(StreamPort& stream) : stream_(stream) {}

  // Ends a request that runs. False: see `problem`; nothing was sent.
  bool start(const HttpRequest& request, std::uint32_t now_ms);
  // A step; hands at most `kPieces` pieces to the sink.
  HttpState poll(std::uint32_t now_ms, HttpSink& sink);
  void stop();

  HttpState state() const { return state_; }
  HttpProblem problem() const { return problem_; }
  // Of the response, 0 before there is one.
  std::uint16_t status() const { return head_.head().status; }
  // A sentence: the problem, with the status or the port's own words.
  const char* problem_words();

 private:
  static constexpr std::size_t kBufferBytes = 512;
  static constexpr int kPieces = 4;

  bool write_request(const HttpRequest& request, const Url& url);
  void send(std::uint32_t now_ms);
  void read_head(std::uint32_t now_ms, HttpSink& sink);
  void on_head(HttpSink& sink);
  HttpProblem problem_of_head() const;
  void read_body(std::uint32_t now_ms, HttpSink& sink);
  void finish(HttpState state, HttpProblem problem);

  StreamPort& stream_;
  HttpState state_ = HttpState::kIdle;
  HttpProblem problem_ = HttpProblem::kNone;
  std::uint32_t moved_ms_ = 0;  // when something last moved, or the state began
  std::uint32_t first_byte_ = 0;
  std::uint32_t left_bytes_ = 0;  // of the body
  std::size_t size_ = 0;          // of the request in the buffer
  std::size_t sent_ = 0;
  char host_[kUrlHostCapacity] = "";  // the port may look at it later
  HttpHeadReader head_;
  std::uint8_t buffer_[kBufferBytes] = {};
  char words_[64] = "";
};

}  // namespace skiclock
