// A server that says anything: the body that is handed on is exactly what the head promised.
#include <cstdint>

#include "input.h"
#include "line.h"
#include "skiclock/net/http_get.h"

using skiclock::HttpGet;
using skiclock::HttpState;
using skiclock::text_of;
using skiclock::fuzz::require;

namespace {

struct Sink : skiclock::HttpSink {
  std::uint32_t asked_first = 0;
  std::uint32_t stops_after = UINT32_MAX;
  std::uint32_t promised = 0;
  std::uint32_t received = 0;
  int answers = 0;

  bool on_answer(const skiclock::HttpAnswer& answer) override {
    require(++answers == 1);
    require(answer.first_byte == 0 || answer.first_byte == asked_first);
    require(answer.first_byte <= answer.total_bytes);
    promised = answer.total_bytes - answer.first_byte;
    return true;
  }
  bool on_body(skiclock::Bytes piece) override {
    require(answers == 1 && piece.size > 0);
    received += static_cast<std::uint32_t>(piece.size);
    require(received <= promised);
    return received < stops_after;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::Input input(data, size);
  skiclock::fuzz::Line line(input);
  HttpGet get(line);
  Sink sink;
  sink.asked_first = input.byte();
  if (const std::uint8_t limit = input.byte()) sink.stops_after = limit * 64U;
  skiclock::HttpRequest request;
  request.url = text_of("https://clock.example.org/api/firmware/esp32");
  request.first_byte = sink.asked_first;
  request.etag = text_of("\"a\"");
  require(get.start(request, 0));
  std::uint32_t now_ms = 0;
  HttpState state = HttpState::kOpening;
  while (state != HttpState::kDone && state != HttpState::kFailed) {
    require(now_ms < 10000000);
    state = get.poll(now_ms += 100, sink);
  }
  if (state == HttpState::kDone) require(sink.answers == 1 && sink.received == sink.promised);
  require(get.problem_words()[0] != '\0');
  return 0;
}
