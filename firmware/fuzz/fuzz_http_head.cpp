// Any bytes are the head of a response or not; the reader comes to an end.
#include <cstdint>
#include <cstring>

#include "input.h"
#include "skiclock/net/http_head.h"

using skiclock::HttpHead;
using skiclock::HttpHeadReader;
using skiclock::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  HttpHeadReader reader;
  HttpHeadReader::Result result = HttpHeadReader::Result::kMore;
  for (std::size_t i = 0; i < size && result == HttpHeadReader::Result::kMore; ++i) {
    require(i <= HttpHeadReader::kMaxHeadBytes);
    result = reader.take(data[i]);
  }
  if (result != HttpHeadReader::Result::kDone) return 0;
  const HttpHead& head = reader.head();
  require(head.status >= 200 && head.status <= 599);
  require(std::memchr(head.etag, '\0', sizeof head.etag) != nullptr);
  if (head.has_range) require(head.range_first <= head.range_last);
  if (head.has_range && head.has_total) require(head.range_last < head.range_total);
  return 0;
}
