// MQTT 3.1.1 packets: made, and read from bytes that may be anything.
//
// Sections in comments are those of the OASIS standard of 29 October 2014.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

enum class MqttType : std::uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kUnsubscribe = 10,
  kUnsuback = 11,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
};

// The largest "remaining length" (section 2.2.3).
inline constexpr std::uint32_t kMaxRemainingLength = 268435455;

// ---- Made. Each appends one whole packet, or nothing and returns false where it does not fit.

// A buffer that packets are appended to.
struct MqttBuffer {
  std::uint8_t* data;
  std::size_t capacity;
  std::size_t size = 0;
};

struct MqttConnect {
  Text client_id;
  Text username;  // empty: none, and no password
  Text password;
  std::uint16_t keep_alive_s = 0;
  Text will_topic;  // empty: no will
  Bytes will_payload;
};
// Clean session; the will is retained, QoS 1.
bool append_connect(const MqttConnect& connect, MqttBuffer& out);

struct MqttPublish {
  Text topic;
  Bytes payload;
  std::uint16_t packet_id = 0;  // 0: QoS 0
  bool is_retained = false;
  bool is_duplicate = false;
};
bool append_publish(const MqttPublish& publish, MqttBuffer& out);
// Bytes that a publication takes as a packet.
std::size_t publish_size(const MqttPublish& publish);

// Asks for QoS 1 for all filters.
bool append_subscribe(std::uint16_t packet_id, const char* const* filters, std::size_t count,
                      MqttBuffer& out);
bool append_puback(std::uint16_t packet_id, MqttBuffer& out);
bool append_pingreq(MqttBuffer& out);
bool append_disconnect(MqttBuffer& out);

// ---- Read.

// One packet as it came; `body` is what follows the fixed header.
struct MqttPacket {
  MqttType type = MqttType::kConnack;
  std::uint8_t flags = 0;
  Bytes body;
  bool is_cut = false;  // larger than the buffer: `body` is only its beginning
};

// All return false for a body that breaks the standard.
bool read_connack(const MqttPacket& packet, std::uint8_t* return_code);
// The texts and bytes are parts of the packet. QoS 2 is refused: nobody subscribes with it. Of a
// packet that is cut, the payload is what is there of it.
bool read_publish(const MqttPacket& packet, MqttPublish* publish);
bool read_puback(const MqttPacket& packet, std::uint16_t* packet_id);
// `refused`: filters that the broker did not grant.
bool read_suback(const MqttPacket& packet, std::uint16_t* packet_id, std::size_t* refused);

// Cuts a stream of bytes into packets. Packets larger than the buffer are read to their end, and
// only their beginning is kept.
class MqttPacketReader {
 public:
  MqttPacketReader(std::uint8_t* buffer, std::size_t capacity)
      : buffer_(buffer), capacity_(capacity) {}

  // Forgets what was begun.
  void reset();
  // Where the next bytes belong; `*room` is how many at most, never 0 before a packet is whole.
  std::uint8_t* space(std::size_t* room);
  // That many bytes were put there. False: this is no MQTT; the connection is of no use.
  bool took(std::size_t size);
  bool is_whole() const { return state_ == State::kWhole; }
  // Only while `is_whole`; `reset` begins the next one.
  MqttPacket packet() const;

 private:
  enum class State : std::uint8_t {
    kType,    // the first byte
    kLength,  // the remaining length, byte by byte
    kBody,    // what is kept
    kSkip,    // the rest of a packet that is too large
    kWhole,   // waits to be handled
  };

  void begin_body();

  std::uint8_t* buffer_;
  std::size_t capacity_;
  State state_ = State::kType;
  std::uint8_t byte_ = 0;  // of the fixed header
  std::uint8_t first_ = 0;
  std::uint8_t length_bytes_ = 0;
  std::uint32_t length_ = 0;
  std::uint32_t received_ = 0;
};

}  // namespace skiclock
