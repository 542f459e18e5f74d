// The line to the server: the session with the broker, topics of both generations, what is said on
// them.
#include "skiclock/app/uplink.h"

#include <algorithm>
#include <cstring>

#include "contract/contract.h"
#include "contract/messages.h"

namespace skiclock {
namespace {

constexpr char kClientPrefix[] = "SkiClock-";

}  // namespace

void Uplink::start(const UplinkSettings& settings, std::uint32_t now_ms) {
  prefix_ = settings.prefix;
  std::memcpy(client_id_, kClientPrefix, sizeof kClientPrefix);
  const std::size_t before = sizeof kClientPrefix - 1;
  const std::size_t size = std::min(device_id_.size, sizeof client_id_ - before - 1);
  std::memcpy(client_id_ + before, device_id_.data, size);
  client_id_[before + size] = '\0';
  write_topic(status_topic_, prefix_, contract::kTopicStatus, device_id_);
  JsonWriter will(will_, sizeof will_);
  encode(Status{device_id_, false}, will);
  MqttSettings session;
  session.broker = settings.broker;
  session.client_id = text_of(client_id_);
  session.username = settings.username;
  session.password = settings.password;
  session.will_topic = text_of(status_topic_);
  session.will_payload = will.written();
  session.keep_alive_s = static_cast<std::uint16_t>(contract::kKeepAliveS);
  session_.start(session, now_ms);
}

void Uplink::leave(std::uint32_t now_ms) {
  // With QoS 0: nobody is there to hear that it was acknowledged, and a publication that still
  // waits for that must not be in its way.
  JsonWriter out = session_.draft(text_of(status_topic_));
  if (encode(Status{device_id_, false}, out)) {
    session_.publish(text_of(status_topic_), bytes_of(out.written()), true);
  }
  session_.stop(now_ms);
}

bool Uplink::is_gone() const {
  const MqttState state = session_.state();
  return state == MqttState::kStopped || (state != MqttState::kLeaving && !session_.is_connected());
}

JsonWriter Uplink::message(const char* kind) {
  write_topic(topic_, prefix_, kind, speaks_v2_ ? device_id_ : Text{});
  return session_.draft(text_of(topic_));
}

bool Uplink::say(const JsonWriter& message) {
  if (message.ok()) return session_.publish(text_of(topic_), bytes_of(message.written()));
  if (!session_.is_flushed()) return false;
  ++dropped_;
  return true;
}

bool Uplink::say_status(bool is_online, std::uint32_t now_ms) {
  JsonWriter out = session_.draft(text_of(status_topic_));
  encode(Status{device_id_, is_online}, out);
  return out.ok() && session_.publish_acknowledged(text_of(status_topic_), bytes_of(out.written()),
                                                   now_ms, true) != 0;
}

bool Uplink::subscribe() {
  char response[kTopicCapacity];
  char updates[kTopicCapacity];
  char command[kTopicCapacity];
  char config[kTopicCapacity];
  char ack[kTopicCapacity];
  write_topic(response, prefix_, contract::kTopicVersionResponse, device_id_);
  write_topic(updates, prefix_, contract::kTopicVersionUpdates, Text{});
  write_topic(command, prefix_, contract::kTopicCommand, device_id_);
  write_topic(config, prefix_, contract::kTopicConfig, device_id_);
  write_topic(ack, prefix_, contract::kTopicAck, device_id_);
  const char* const filters[] = {response, updates, command, config, ack};
  return session_.subscribe(filters, sizeof filters / sizeof filters[0]);
}

}  // namespace skiclock
