// The clock's conversation with the broker: connects, stays, comes back.
//
// Our own client and not PubSubClient: that one blocks, publishes with QoS 0 only, drops what is
// larger than its buffer in silence, and chips and Linux would run different clients.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/json.h"
#include "skiclock/net/backoff.h"
#include "skiclock/net/mqtt_packet.h"
#include "skiclock/ports.h"

namespace skiclock {

// What happens to the session. Called from `poll`; may publish, subscribe and stop.
class MqttListener {
 public:
  virtual ~MqttListener() = default;
  // The broker has accepted; the session is clean, so nothing is subscribed.
  virtual void on_connected() = 0;
  // Topic and payload are gone when it returns. With QoS 1 it may come twice. `is_retained`: the
  // broker had kept it; nobody knows from when it is.
  virtual void on_message(Text topic, Bytes payload, bool is_retained) = 0;
  // The broker has taken what `publish_acknowledged` returned this id for.
  virtual void on_acknowledged(std::uint16_t packet_id) = 0;
  // It was connected and no longer is; what was not acknowledged may be lost.
  virtual void on_lost() = 0;
};

enum class MqttState : std::uint8_t {
  kStopped,    // not wanted, or no network
  kWaiting,    // until the next attempt
  kOpening,    // the connection is being made
  kGreeting,   // CONNECT is sent, its answer awaited
  kConnected,  // in use
  kLeaving,    // says goodbye
};

// Why the last session ended or did not begin.
enum class MqttProblem : std::uint8_t {
  kNone,            // it did not
  kUnreachable,     // no connection; the port knows why
  kNoAnswer,        // connected, but no CONNACK came in time
  kBadCredentials,  // CONNACK 4 or 5; asked again after minutes, not seconds
  kRefused,         // CONNACK 1 or 2: protocol or client id; likewise
  kUnavailable,     // CONNACK 3: the broker has no time for now
  kSilent,          // no answer to a ping
  kClosed,          // the other end went away
  kNotMqtt,         // it sent what is no MQTT
};
const char* problem_text(MqttProblem problem);

// All texts must outlive the session's use of them.
struct MqttSettings {
  Endpoint broker;
  Text client_id;
  Text username;
  Text password;
  Text will_topic;
  Text will_payload;
  std::uint16_t keep_alive_s = 15;
};

struct MqttCounters {
  std::uint32_t connected = 0;              // sessions
  std::uint32_t lost = 0;                   // of them, those not ended by `stop`
  std::uint32_t skipped_packets = 0;        // larger than the buffer
  std::uint32_t refused_subscriptions = 0;  // filters that the broker did not grant
};

class MqttSession {
 public:
  // Whole packets in and out are at most this large.
  static constexpr std::size_t kPacketBytes = 1024;

  MqttSession(StreamPort& stream, SystemPort& system, MqttListener& listener)
      : stream_(stream), system_(system), listener_(listener) {}

  // Wants to be connected from now on, with these settings; ends a session that there is.
  void start(const MqttSettings& settings, std::uint32_t now_ms);
  // Says goodbye (after what is still to be sent) and stays away until `start`. The broker then
  // does not publish the will; `on_lost` is not called.
  void stop(std::uint32_t now_ms);
  // Whether there is a network at all; without one nothing is attempted and no delay grows. True
  // at first.
  void set_network(bool is_up, std::uint32_t now_ms);
  // To be called often; moves what can be moved and returns.
  void poll(std::uint32_t now_ms);

  MqttState state() const { return state_; }
  bool is_connected() const { return state_ == MqttState::kConnected; }
  // Nothing waits to be sent: time to restart.
  bool is_flushed() const { return out_.size == 0; }
  MqttProblem problem() const { return problem_; }
  const MqttCounters& counters() const { return counters_; }
  // How long the present session has lasted; 0 without one.
  std::uint32_t connected_ms(std::uint32_t now_ms) const;

  // These put into the outgoing buffer, which the next `poll` sends. False where it is not
  // connected or the buffer has no room now: try again after a `poll`. What is larger than a
  // packet never fits.
  bool subscribe(const char* const* filters, std::size_t count);
  // QoS 0.
  bool publish(Text topic, Bytes payload, bool is_retained = false);
  // QoS 1, one at a time: returns its packet id, 0 where it did not go or one is in flight. It is
  // not sent again by itself: after `on_lost`, or when nothing was heard of it for 20 s, the
  // caller knows better what is still true.
  std::uint16_t publish_acknowledged(Text topic, Bytes payload, std::uint32_t now_ms,
                                     bool is_retained = false);
  bool is_in_flight() const { return in_flight_id_ != 0; }
  // A writer over the place in the outgoing buffer where this topic's payload will be, so that a
  // message needs no buffer of its own: encode into it, then publish what was written, before the
  // next `poll`. Has no room where `publish` would have none.
  JsonWriter draft(Text topic);

 private:
  // Kept free for what must always go: PUBACK, PINGREQ, DISCONNECT.
  static constexpr std::size_t kReserveBytes = 8;

  void connect(std::uint32_t now_ms);
  void open(std::uint32_t now_ms);
  void greet(std::uint32_t now_ms);
  void enter(MqttState state, std::uint32_t now_ms);
  void wait(std::uint32_t delay_ms, std::uint32_t now_ms);
  void leave(std::uint32_t now_ms);
  void end(MqttProblem problem, std::uint32_t now_ms);
  void close();
  bool send(const MqttPublish& publish);
  MqttBuffer buffer_for_publishing();
  bool commit(const MqttBuffer& appended);
  void flush(std::uint32_t now_ms);
  void receive(std::uint32_t now_ms);
  void handle(const MqttPacket& packet, std::uint32_t now_ms);
  bool handle_connack(const MqttPacket& packet, std::uint32_t now_ms);
  bool handle_publish(const MqttPacket& packet);
  void acknowledged(std::uint16_t packet_id);
  void keep_alive(std::uint32_t now_ms);
  std::uint16_t next_packet_id();

  StreamPort& stream_;
  SystemPort& system_;
  MqttListener& listener_;
  MqttSettings settings_;
  MqttState state_ = MqttState::kStopped;
  MqttProblem problem_ = MqttProblem::kNone;
  MqttCounters counters_;
  Backoff backoff_;
  bool is_wanted_ = false;
  bool has_network_ = true;
  bool is_ping_out_ = false;
  std::uint32_t entered_ms_ = 0;  // the state
  std::uint32_t delay_ms_ = 0;    // of kWaiting
  std::uint32_t sent_ms_ = 0;
  std::uint32_t received_ms_ = 0;
  std::uint32_t ping_ms_ = 0;
  std::uint32_t in_flight_ms_ = 0;
  std::uint16_t last_packet_id_ = 0;
  std::uint16_t in_flight_id_ = 0;
  std::uint8_t in_bytes_[kPacketBytes] = {};
  std::uint8_t out_bytes_[kPacketBytes + kReserveBytes] = {};
  MqttBuffer out_{out_bytes_, sizeof out_bytes_};
  MqttPacketReader reader_{in_bytes_, kPacketBytes};
};

}  // namespace skiclock
