// MQTT topics: how the clock makes its own, and what one that it hears means.
#include "contract/topics.h"

#include "contract/contract.h"

namespace skiclock {
namespace {

struct Row {
  const char* kind;
  bool has_device_id;
  Heard heard;
};
constexpr Row kRows[] = {
    {contract::kTopicVersionResponse, true, Heard::kVersionResponse},
    {contract::kTopicVersionUpdates, false, Heard::kVersionUpdates},
    {contract::kTopicAck, true, Heard::kAck},
    {contract::kTopicCommand, true, Heard::kCommand},
    {contract::kTopicConfig, true, Heard::kConfig},
};

// Takes `part` off the front of `text`.
bool take(Text* text, Text part) {
  if (text->size < part.size || Text{text->data, part.size} != part) return false;
  *text = {text->data + part.size, text->size - part.size};
  return true;
}

bool is_topic(Text topic, Text prefix, const Row& row, Text device_id) {
  const Text slash = text_of("/");
  if (!take(&topic, prefix) || !take(&topic, slash) || !take(&topic, text_of(row.kind))) {
    return false;
  }
  if (!row.has_device_id) return topic.size == 0;
  return take(&topic, slash) && topic == device_id;
}

}  // namespace

bool write_topic(char (&topic)[kTopicCapacity], Text prefix, const char* kind, Text device_id) {
  const Text slash = device_id.size > 0 ? text_of("/") : Text{};
  const Text parts[] = {prefix, text_of("/"), text_of(kind), slash, device_id};
  std::size_t size = 0;
  topic[0] = '\0';
  for (const Text& part : parts) {
    if (part.size >= kTopicCapacity - size) {
      topic[0] = '\0';
      return false;
    }
    std::memcpy(topic + size, part.data, part.size);
    size += part.size;
  }
  topic[size] = '\0';
  return true;
}

Heard heard_on(Text topic, Text prefix, Text device_id) {
  for (const Row& row : kRows) {
    if (is_topic(topic, prefix, row, device_id)) return row.heard;
  }
  return Heard::kNothing;
}

}  // namespace skiclock
