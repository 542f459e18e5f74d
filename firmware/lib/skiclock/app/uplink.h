// The line to the server: the session with the broker, topics of both generations, what is said on
// them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/json.h"
#include "contract/topics.h"
#include "skiclock/net/mqtt_session.h"
#include "skiclock/ports.h"

namespace skiclock {

// What the session is made with; the texts stay where they are.
struct UplinkSettings {
  Endpoint broker;
  Text username;
  Text password;
  Text prefix;
};

class Uplink {
 public:
  Uplink(StreamPort& stream, SystemPort& system, MqttListener& listener)
      : session_(stream, system, listener) {}

  // Both outlive the uplink.
  void begin(Text device_id) { device_id_ = device_id; }
  void start(const UplinkSettings& settings, std::uint32_t now_ms);
  // Says that the clock goes, and goodbye. `is_gone` once nothing is left to be sent.
  void leave(std::uint32_t now_ms);
  bool is_gone() const;
  MqttSession& session() { return session_; }
  const MqttSession& session() const { return session_; }

  // A message for `<prefix>/<kind>`, with the id behind it where the server speaks v2; it is
  // written where it will be sent from, and ends the one before.
  JsonWriter message(const char* kind);
  // Publishes it. False where the line is full now: make it again later. What is too large for an
  // empty line is dropped and counted, or it would be tried for ever.
  bool say(const JsonWriter& message);
  std::uint32_t dropped() const { return dropped_; }
  // Retained.
  bool say_status(bool is_online, std::uint32_t now_ms);
  bool subscribe();

  // What the server was found to speak.
  bool speaks_v2() const { return speaks_v2_; }
  void set_speaks_v2(bool speaks_v2) { speaks_v2_ = speaks_v2; }
  Heard heard_on(Text topic) const { return skiclock::heard_on(topic, prefix_, device_id_); }

 private:
  Text device_id_;
  Text prefix_;
  bool speaks_v2_ = false;
  char client_id_[28] = "";
  char status_topic_[kTopicCapacity] = "";
  char will_[52] = "";
  char topic_[kTopicCapacity] = "";
  std::uint32_t dropped_ = 0;
  MqttSession session_;
};

}  // namespace skiclock
