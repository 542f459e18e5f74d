// Images over HTTP(S) from the server's download route.
#include "skiclock/update/http_source.h"

#include "contract/contract.h"
#include "skiclock/update/text.h"

namespace skiclock {
namespace {

constexpr std::size_t kMaxUrlBytes = 256;

// What may be better a while later: overload, restarts of the server or of its proxy.
bool is_passing(std::uint16_t status) { return status == 408 || status == 429 || status >= 500; }

}  // namespace

void HttpImageSource::open(Text version, std::uint32_t first_byte, Text etag,
                           std::uint32_t now_ms) {
  Text base = server_.url;
  while (base.size > 0 && base.data[base.size - 1] == '/') --base.size;
  char buffer[kMaxUrlBytes];
  TextBuilder url(buffer, sizeof buffer);
  url.add(base).add(contract::kFirmwarePath).add(server_.platform);
  url.add(contract::kFirmwareVersionQuery).add(version);
  problem_[0] = '\0';
  HttpRequest request;
  request.url = url.is_whole() ? url.text() : Text{};
  request.trust = server_.trust;
  request.roots_pem = server_.roots_pem;
  request.api_key = server_.api_key;
  request.user_agent = text_of(contract::kUserAgent);
  request.first_byte = first_byte;
  request.etag = etag;
  // Where it cannot even begin, the next `poll` says so.
  http_.start(request, now_ms);
}

DownloadState HttpImageSource::poll(std::uint32_t now_ms, DownloadSink& sink) {
  sink_ = &sink;
  const HttpState state = http_.poll(now_ms, *this);
  sink_ = nullptr;
  if (state == HttpState::kDone) return DownloadState::kDone;
  return state == HttpState::kFailed ? failed() : DownloadState::kRunning;
}

bool HttpImageSource::on_answer(const HttpAnswer& answer) {
  return sink_->on_head({answer.total_bytes, answer.first_byte, answer.etag});
}

DownloadState HttpImageSource::failed() {
  TextBuilder(problem_, sizeof problem_).add(http_.problem_words());
  switch (http_.problem()) {
    case HttpProblem::kStopped:
      return DownloadState::kStopped;
    case HttpProblem::kRange:
      return DownloadState::kChanged;
    case HttpProblem::kUnreachable:
    case HttpProblem::kTimeout:
    case HttpProblem::kBroken:
    case HttpProblem::kBadHead:
      return DownloadState::kBroken;
    case HttpProblem::kStatus:
      return is_passing(http_.status()) ? DownloadState::kBroken : DownloadState::kRefused;
    case HttpProblem::kNone:
    case HttpProblem::kBadUrl:
    case HttpProblem::kRedirect:
    case HttpProblem::kEncoded:
    case HttpProblem::kNoLength:
      break;
  }
  return DownloadState::kRefused;
}

}  // namespace skiclock
