// What the clock knows that can be seen.
#include "skiclock/display/view.h"

#include <cstring>

#include "skiclock/display/utf8.h"

namespace skiclock {
namespace {

void copy_text(char* buffer, std::size_t capacity, Text text) {
  const std::size_t size = whole_characters(text, capacity - 1);
  std::memcpy(buffer, text.data, size);
  buffer[size] = '\0';
}

}  // namespace

void set_message(View& view, Text text, std::uint32_t now_ms, std::uint32_t shown_ms) {
  copy_text(view.message.text, sizeof view.message.text, text);
  view.message.since_ms = now_ms;
  view.message.shown_ms = shown_ms;
}

void set_wifi_hint(View& view, Text text) {
  copy_text(view.wifi_hint.text, sizeof view.wifi_hint.text, text);
  view.wifi_hint.is_active = text.size > 0;
}

bool has_message(const View& view, std::uint32_t now_ms) {
  return now_ms - view.message.since_ms < view.message.shown_ms;
}

}  // namespace skiclock
