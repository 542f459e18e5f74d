// MQTT topics: how the clock makes its own, and what one that it hears means.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/bytes.h"

namespace skiclock {

inline constexpr std::size_t kTopicCapacity = 72;

// Writes `<prefix>/<kind>`, and `/<device_id>` where that is not empty (first-generation topics
// have none). False, and an empty topic, where it does not fit. `kind` is one of
// contract::kTopic...
bool write_topic(char (&topic)[kTopicCapacity], Text prefix, const char* kind, Text device_id);

// What a topic that the clock hears carries.
enum class Heard : std::uint8_t {
  kNothing,          // not for this clock
  kVersionResponse,  // the answer to its version request
  kVersionUpdates,   // firmware was published: ask
  kAck,              // what the server has committed
  kCommand,          // something to do
  kConfig,           // settings to apply
};
Heard heard_on(Text topic, Text prefix, Text device_id);

}  // namespace skiclock
