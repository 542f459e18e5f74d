// Images over HTTP(S) from the server's download route.
#pragma once

#include "skiclock/net/http_get.h"
#include "skiclock/ports.h"
#include "skiclock/update/download.h"

namespace skiclock {

// Where images are asked for. The texts may change between downloads, not during one.
struct ImageServer {
  Text url;  // as in the settings: scheme, name, perhaps a port and a path before /api
  Text platform;
  Text api_key;
  Trust trust = Trust::kVerified;
  const char* roots_pem = "";
};

class HttpImageSource : public DownloadSource, private HttpSink {
 public:
  // Both must outlive the source.
  HttpImageSource(HttpGet& http, const ImageServer& server) : http_(http), server_(server) {}

  void open(Text version, std::uint32_t first_byte, Text etag, std::uint32_t now_ms) override;
  DownloadState poll(std::uint32_t now_ms, DownloadSink& sink) override;
  void close() override { http_.stop(); }
  const char* problem() override { return problem_; }

 private:
  bool on_answer(const HttpAnswer& answer) override;
  bool on_body(Bytes piece) override { return sink_->on_body(piece); }
  DownloadState failed();

  HttpGet& http_;
  const ImageServer& server_;
  DownloadSink* sink_ = nullptr;  // while polled
  char problem_[64] = "";
};

}  // namespace skiclock
