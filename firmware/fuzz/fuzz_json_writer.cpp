// Any bytes are written as a text that reads as JSON, in a buffer of any size.
#include <cstdint>
#include <vector>

#include "contract/json.h"
#include "contract/utf8.h"
#include "input.h"

using skiclock::Text;
using skiclock::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::Input input(data, size);
  const std::size_t capacity = input.byte() * 16U;
  const std::size_t most = input.byte();
  const skiclock::Bytes bytes = input.rest();
  const Text all = text_of(bytes);
  const Text text = skiclock::cut_to(all, most);
  require(text.size <= most && text.size <= all.size);

  std::vector<char> buffer(capacity);
  skiclock::JsonWriter out(buffer.data(), buffer.size());
  out.begin_array().text(text).base64(bytes).end_array();
  require(out.written().size <= capacity);
  skiclock::JsonReader reader;
  if (!out.ok()) return 0;
  require(reader.parse(out.written()));
  std::vector<char> unescaped(3 * text.size + 1);
  require(reader.root().first().read(unescaped.data(), unescaped.size()));
  require(reader.root().first().next().is_text());
  return 0;
}
