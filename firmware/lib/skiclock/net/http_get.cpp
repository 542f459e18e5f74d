// Fetches a body over HTTP(S): one GET a connection, in pieces, resumable.
#include "skiclock/net/http_get.h"

#include "contract/contract.h"

namespace skiclock {
namespace {

// Appends to a fixed buffer; remembers that something did not fit.
class RequestText {
 public:
  RequestText(std::uint8_t* buffer, std::size_t capacity) : buffer_(buffer), capacity_(capacity) {}

  RequestText& add(Text text) {
    if (text.size == 0) return *this;
    // A line feed in a header's value would begin another header.
    const bool is_one_line = std::memchr(text.data, '\n', text.size) == nullptr &&
                             std::memchr(text.data, '\r', text.size) == nullptr;
    is_good_ = is_good_ && is_one_line && text.size <= capacity_ - size_;
    if (is_good_) append(text);
    return *this;
  }
  RequestText& add(const char* text) { return add(text_of(text)); }
  RequestText& add(std::uint32_t number) {
    char digits[10];
    std::size_t at = sizeof digits;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    return add(Text{digits + at, sizeof digits - at});
  }
  RequestText& end_line() {
    is_good_ = is_good_ && 2 <= capacity_ - size_;
    if (is_good_) append(text_of("\r\n"));
    return *this;
  }
  // 0 where it did not fit.
  std::size_t size() const { return is_good_ ? size_ : 0; }

 private:
  void append(Text text) {
    std::memcpy(buffer_ + size_, text.data, text.size);
    size_ += text.size;
  }

  std::uint8_t* buffer_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  bool is_good_ = true;
};

Trust trust_for(const HttpRequest& request, const Url& url) {
  if (!url.is_https) return Trust::kPlain;
  return request.trust == Trust::kInsecure ? Trust::kInsecure : Trust::kVerified;
}

bool is_usual_port(const Url& url) { return url.port == (url.is_https ? 443 : 80); }

}  // namespace

const char* problem_text(HttpProblem problem) {
  switch (problem) {
    case HttpProblem::kNone:
      return "none";
    case HttpProblem::kBadUrl:
      return "bad address";
    case HttpProblem::kUnreachable:
      return "unreachable";
    case HttpProblem::kTimeout:
      return "timeout";
    case HttpProblem::kBroken:
      return "connection broken";
    case HttpProblem::kStatus:
      return "status";
    case HttpProblem::kRedirect:
      return "redirect";
    case HttpProblem::kRange:
      return "wrong range";
    case HttpProblem::kEncoded:
      return "encoded body";
    case HttpProblem::kNoLength:
      return "no length";
    case HttpProblem::kBadHead:
      return "bad head";
    case HttpProblem::kStopped:
      return "stopped";
  }
  return "unknown";
}

bool HttpGet::start(const HttpRequest& request, std::uint32_t now_ms) {
  if (state_ != HttpState::kIdle) stop();
  head_.reset();
  problem_ = HttpProblem::kNone;
  Url url;
  const bool good = parse_url(request.url, &url) &&
                    (url.is_https || request.trust == Trust::kPlain) && write_request(request, url);
  if (!good) {
    finish(HttpState::kFailed, HttpProblem::kBadUrl);
    return false;
  }
  std::memcpy(host_, url.host, sizeof host_);
  first_byte_ = request.first_byte;
  state_ = HttpState::kOpening;
  moved_ms_ = now_ms;
  stream_.open({host_, url.port, trust_for(request, url), request.roots_pem});
  return true;
}

void HttpGet::stop() {
  stream_.close();
  state_ = HttpState::kIdle;
}

HttpState HttpGet::poll(std::uint32_t now_ms, HttpSink& sink) {
  if (state_ == HttpState::kOpening) {
    const StreamState stream = stream_.state();
    if (stream == StreamState::kOpen) {
      state_ = HttpState::kSending;
      moved_ms_ = now_ms;
    } else if (stream == StreamState::kClosed) {
      finish(HttpState::kFailed, HttpProblem::kUnreachable);
    } else if (now_ms - moved_ms_ >= kOpenMs) {
      finish(HttpState::kFailed, HttpProblem::kTimeout);
    }
  }
  if (state_ == HttpState::kSending) send(now_ms);
  if (state_ == HttpState::kHead) read_head(now_ms, sink);
  if (state_ == HttpState::kBody) read_body(now_ms, sink);
  const bool is_running = state_ >= HttpState::kSending && state_ <= HttpState::kBody;
  if (is_running && now_ms - moved_ms_ >= kStallMs) {
    finish(HttpState::kFailed, HttpProblem::kTimeout);
  }
  return state_;
}

const char* HttpGet::problem_words() {
  RequestText words(reinterpret_cast<std::uint8_t*>(words_), sizeof words_ - 1);
  words.add(problem_text(problem_));
  const bool is_about_status =
      problem_ == HttpProblem::kStatus || problem_ == HttpProblem::kRedirect;
  if (is_about_status) words.add(" ").add(status());
  const std::size_t short_size = words.size();
  const bool is_about_line = problem_ == HttpProblem::kUnreachable ||
                             problem_ == HttpProblem::kBroken || problem_ == HttpProblem::kTimeout;
  if (is_about_line && stream_.problem()[0] != '\0') words.add(": ").add(stream_.problem());
  words_[words.size() > 0 ? words.size() : short_size] = '\0';
  return words_;
}

bool HttpGet::write_request(const HttpRequest& request, const Url& url) {
  RequestText text(buffer_, sizeof buffer_);
  text.add("GET ").add(url.path).add(" HTTP/1.1").end_line();
  text.add("Host: ").add(url.host);
  if (!is_usual_port(url)) text.add(":").add(static_cast<std::uint32_t>(url.port));
  text.end_line();
  if (request.user_agent.size > 0) text.add("User-Agent: ").add(request.user_agent).end_line();
  if (request.api_key.size > 0) {
    text.add(contract::kApiKeyHeader).add(": ").add(request.api_key).end_line();
  }
  text.add("Accept-Encoding: identity").end_line();
  text.add("Connection: close").end_line();
  if (request.first_byte > 0) {
    text.add("Range: bytes=").add(request.first_byte).add("-").end_line();
    // Only a strong one may be used here (RFC 9110, section 13.1.5).
    const bool is_strong = request.etag.size > 0 && request.etag.data[0] == '"';
    if (is_strong) text.add("If-Range: ").add(request.etag).end_line();
  }
  text.end_line();
  size_ = text.size();
  sent_ = 0;
  return size_ > 0;
}

void HttpGet::send(std::uint32_t now_ms) {
  const std::size_t count = stream_.write({buffer_ + sent_, size_ - sent_});
  if (count > 0) moved_ms_ = now_ms;
  sent_ += count;
  if (sent_ == size_) {
    state_ = HttpState::kHead;
  } else if (stream_.state() == StreamState::kClosed) {
    finish(HttpState::kFailed, HttpProblem::kBroken);
  }
}

void HttpGet::read_head(std::uint32_t now_ms, HttpSink& sink) {
  // Byte by byte, so that what follows the head stays in the stream.
  for (std::size_t i = 0; i < kBufferBytes; ++i) {
    std::uint8_t byte = 0;
    // Asked before reading: what came before the end is still to be read.
    const bool is_closed = stream_.state() == StreamState::kClosed;
    if (stream_.read(&byte, 1) == 0) {
      if (is_closed) finish(HttpState::kFailed, HttpProblem::kBroken);
      return;
    }
    moved_ms_ = now_ms;
    const HttpHeadReader::Result result = head_.take(byte);
    if (result == HttpHeadReader::Result::kBad) {
      return finish(HttpState::kFailed, HttpProblem::kBadHead);
    }
    if (result == HttpHeadReader::Result::kDone) return on_head(sink);
  }
}

void HttpGet::on_head(HttpSink& sink) {
  const HttpProblem problem = problem_of_head();
  if (problem != HttpProblem::kNone) return finish(HttpState::kFailed, problem);
  const HttpHead& head = head_.head();
  const bool is_part = head.status == 206;
  HttpAnswer answer;
  answer.total_bytes = is_part ? head.range_total : head.length_bytes;
  answer.first_byte = is_part ? head.range_first : 0;
  answer.etag = text_of(head.etag);
  left_bytes_ = head.length_bytes;
  state_ = HttpState::kBody;
  if (!sink.on_answer(answer)) finish(HttpState::kFailed, HttpProblem::kStopped);
}

HttpProblem HttpGet::problem_of_head() const {
  const HttpHead& head = head_.head();
  if (head.status >= 300 && head.status < 400) return HttpProblem::kRedirect;
  if (head.status == 416) return HttpProblem::kRange;
  const bool is_part = head.status == 206;
  if (head.status != 200 && !is_part) return HttpProblem::kStatus;
  if (head.is_transfer_encoded || head.is_content_encoded) return HttpProblem::kEncoded;
  if (!head.has_length) return HttpProblem::kNoLength;
  if (!is_part) return HttpProblem::kNone;
  // To the end, because that is what was asked for.
  const bool is_asked_for = first_byte_ > 0 && head.has_range && head.has_total &&
                            head.range_first == first_byte_ &&
                            head.range_last == head.range_total - 1 &&
                            head.length_bytes == head.range_total - first_byte_;
  return is_asked_for ? HttpProblem::kNone : HttpProblem::kRange;
}

void HttpGet::read_body(std::uint32_t now_ms, HttpSink& sink) {
  for (int piece = 0; piece < kPieces && left_bytes_ > 0; ++piece) {
    const bool is_closed = stream_.state() == StreamState::kClosed;
    const std::size_t wanted = left_bytes_ < sizeof buffer_ ? left_bytes_ : sizeof buffer_;
    const std::size_t count = stream_.read(buffer_, wanted);
    if (count == 0) {
      if (is_closed) finish(HttpState::kFailed, HttpProblem::kBroken);
      return;
    }
    moved_ms_ = now_ms;
    left_bytes_ -= static_cast<std::uint32_t>(count);
    if (!sink.on_body({buffer_, count})) {
      return finish(HttpState::kFailed, HttpProblem::kStopped);
    }
  }
  if (left_bytes_ == 0) finish(HttpState::kDone, HttpProblem::kNone);
}

void HttpGet::finish(HttpState state, HttpProblem problem) {
  state_ = state;
  problem_ = problem;
  stream_.close();
}

}  // namespace skiclock
