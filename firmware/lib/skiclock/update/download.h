// Where an image comes from, as the updater sees it.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

struct DownloadHead {
  std::uint32_t total_bytes = 0;  // of the whole image, whatever part is sent
  std::uint32_t first_byte = 0;   // where the body begins
  Text etag;                      // with its quotes; empty where there is none
};

class DownloadSink {
 public:
  virtual ~DownloadSink() = default;
  // Both return false to end the download.
  virtual bool on_head(const DownloadHead& head) = 0;
  virtual bool on_body(Bytes piece) = 0;
};

enum class DownloadState : std::uint8_t {
  kRunning,  // connecting, waiting for the head, or receiving
  kDone,     // the body has come whole
  kStopped,  // the sink ended it
  kBroken,   // the connection, or the server for the moment: worth another try from where it was
  kChanged,  // the server has other bytes than before: from the beginning
  kRefused,  // the server will not give it: no use to ask again
};

// One download at a time. `HttpImageSource` is the one that clocks have.
class DownloadSource {
 public:
  virtual ~DownloadSource() = default;
  // `etag` as an earlier head had it, where `first_byte` is not 0.
  virtual void open(Text version, std::uint32_t first_byte, Text etag, std::uint32_t now_ms) = 0;
  virtual DownloadState poll(std::uint32_t now_ms, DownloadSink& sink) = 0;
  virtual void close() = 0;
  // Why the last download broke or was refused, in a few words; also after `close`.
  virtual const char* problem() = 0;
};

}  // namespace skiclock
