// Every message that a clock hears, and every topic: taken whole or not at all.
#include <cstdint>
#include <cstring>

#include "contract/messages.h"
#include "contract/topics.h"
#include "contract/utf8.h"
#include "input.h"

using skiclock::Text;
using skiclock::text_of;
using skiclock::fuzz::require;

namespace {

// Terminated within its array, and UTF-8 without NUL.
template <std::size_t kCapacity>
void require_text(const char (&text)[kCapacity]) {
  const auto* end = static_cast<const char*>(std::memchr(text, '\0', kCapacity));
  require(end != nullptr);
  const Text whole{text, static_cast<std::size_t>(end - text)};
  for (std::size_t at = 0; at < whole.size;) {
    const std::size_t begin = at;
    char bytes[4];
    const std::size_t size = skiclock::write_code_point(next_code_point(whole, &at), bytes);
    require(Text{whole.data + begin, at - begin} == Text{bytes, size});
  }
}

void decode_response(Text payload) {
  skiclock::VersionResponse message;
  if (!decode(payload, &message)) return;
  require_text(message.latest_version);
  require_text(message.current_version);
  require_text(message.platform);
  require_text(message.session_id);
  require_text(message.sha256);
  require_text(message.signature);
  require(message.protocol >= 1);
}

void decode_command(Text payload) {
  skiclock::Command message;
  if (!decode(payload, &message)) return;
  require_text(message.id);
  require_text(message.text);
  require(message.id[0] != '\0' && message.expires_at_unix_s >= 0);
  require(message.seconds <= 86400 && message.level >= -1 && message.level <= 255);
}

void decode_config(Text payload) {
  skiclock::Config message;
  skiclock::JsonReader reader;
  if (!decode(payload, &message)) return;
  require(reader.parse(message.settings) && reader.root().is_object());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Text payload{reinterpret_cast<const char*>(data), size};
  skiclock::Ack ack;
  decode_response(payload);
  decode_command(payload);
  decode_config(payload);
  if (decode(payload, &ack)) require_text(ack.session_id);
  heard_on(payload, text_of("skiclock"), text_of("a1b2c3"));
  char topic[skiclock::kTopicCapacity];
  write_topic(topic, payload, "ack", payload);
  require(std::memchr(topic, '\0', sizeof topic) != nullptr);
  return 0;
}
