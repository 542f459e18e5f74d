// MQTT 3.1.1 packets: made, and read from bytes that may be anything.
#include "skiclock/net/mqtt_packet.h"

namespace skiclock {
namespace {

// Section 2.2.3.
std::size_t length_size(std::size_t remaining) {
  return remaining < 128 ? 1 : remaining < 16384 ? 2 : remaining < 2097152 ? 3 : 4;
}

std::size_t packet_size(std::size_t remaining) { return 1 + length_size(remaining) + remaining; }

void put(MqttBuffer& out, std::uint8_t byte) { out.data[out.size++] = byte; }

void put_number(MqttBuffer& out, std::size_t number) {
  put(out, static_cast<std::uint8_t>(number >> 8));
  put(out, static_cast<std::uint8_t>(number));
}

void put_bytes(MqttBuffer& out, Bytes bytes) {
  // They may lie a little further on in the same buffer (MqttSession::draft).
  if (bytes.size > 0) std::memmove(out.data + out.size, bytes.data, bytes.size);
  out.size += bytes.size;
}

void put_text(MqttBuffer& out, Text text) {
  put_number(out, text.size);
  put_bytes(out, bytes_of(text));
}

// Begins a packet; false, and nothing written, where it does not fit as a whole.
bool begin(MqttBuffer& out, MqttType type, unsigned flags, std::size_t remaining) {
  if (remaining > out.capacity || packet_size(remaining) > out.capacity - out.size) return false;
  put(out, static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags));
  do {
    const std::size_t low = remaining % 128;
    remaining /= 128;
    put(out, static_cast<std::uint8_t>(low | (remaining > 0 ? 0x80U : 0U)));
  } while (remaining > 0);
  return true;
}

bool is_text(Text text) { return text.size <= UINT16_MAX; }

std::size_t publish_remaining(const MqttPublish& publish) {
  return 2 + publish.topic.size + (publish.packet_id != 0 ? 2U : 0U) + publish.payload.size;
}

// Takes numbers and texts off the front of a body.
class BodyReader {
 public:
  explicit BodyReader(Bytes body) : body_(body) {}

  bool take_number(std::uint16_t* number) {
    if (body_.size - at_ < 2) return false;
    *number = static_cast<std::uint16_t>(body_.data[at_] << 8 | body_.data[at_ + 1]);
    at_ += 2;
    return true;
  }
  bool take_text(Text* text) {
    std::uint16_t size = 0;
    if (!take_number(&size) || body_.size - at_ < size) return false;
    *text = text_of(Bytes{body_.data + at_, size});
    at_ += size;
    return true;
  }
  Bytes rest() const { return {body_.data + at_, body_.size - at_}; }

 private:
  Bytes body_;
  std::size_t at_ = 0;
};

// A topic's name is not empty, without wildcards and without NUL (sections 3.3.2.1 and 1.5.3).
bool is_topic_name(Text topic) {
  if (topic.size == 0) return false;
  for (std::size_t i = 0; i < topic.size; ++i) {
    const char c = topic.data[i];
    if (c == '\0' || c == '#' || c == '+') return false;
  }
  return true;
}

}  // namespace

// Section 3.1.
bool append_connect(const MqttConnect& connect, MqttBuffer& out) {
  const bool has_user = connect.username.size > 0;
  const bool has_will = connect.will_topic.size > 0;
  const Text will = text_of(connect.will_payload);
  if (!is_text(connect.client_id) || !is_text(connect.username) || !is_text(connect.password) ||
      !is_text(connect.will_topic) || !is_text(will)) {
    return false;
  }
  std::size_t remaining = 10 + 2 + connect.client_id.size;
  if (has_will) remaining += 2 + connect.will_topic.size + 2 + will.size;
  if (has_user) remaining += 2 + connect.username.size + 2 + connect.password.size;
  if (!begin(out, MqttType::kConnect, 0, remaining)) return false;
  const unsigned will_flags = has_will ? 0x04U | 0x08U | 0x20U : 0;  // will, QoS 1, retained
  const unsigned user_flags = has_user ? 0xC0U : 0;                  // username and password
  const unsigned clean_session = 0x02U;
  put_text(out, text_of("MQTT"));
  put(out, 4);
  put(out, static_cast<std::uint8_t>(clean_session | will_flags | user_flags));
  put_number(out, connect.keep_alive_s);
  put_text(out, connect.client_id);
  if (has_will) {
    put_text(out, connect.will_topic);
    put_text(out, will);
  }
  if (has_user) {
    put_text(out, connect.username);
    put_text(out, connect.password);
  }
  return true;
}

std::size_t publish_size(const MqttPublish& publish) {
  return packet_size(publish_remaining(publish));
}

// Section 3.3.
bool append_publish(const MqttPublish& publish, MqttBuffer& out) {
  if (!is_text(publish.topic) || !is_topic_name(publish.topic)) return false;
  const unsigned qos = publish.packet_id != 0 ? 1 : 0;
  const unsigned flags =
      (publish.is_duplicate ? 8U : 0U) | qos << 1 | (publish.is_retained ? 1U : 0U);
  if (!begin(out, MqttType::kPublish, flags, publish_remaining(publish))) return false;
  put_text(out, publish.topic);
  if (qos > 0) put_number(out, publish.packet_id);
  put_bytes(out, publish.payload);
  return true;
}

// Section 3.8.
bool append_subscribe(std::uint16_t packet_id, const char* const* filters, std::size_t count,
                      MqttBuffer& out) {
  std::size_t remaining = 2;
  for (std::size_t i = 0; i < count; ++i) remaining += 2 + std::strlen(filters[i]) + 1;
  if (count == 0 || !begin(out, MqttType::kSubscribe, 2, remaining)) return false;
  put_number(out, packet_id);
  for (std::size_t i = 0; i < count; ++i) {
    put_text(out, text_of(filters[i]));
    put(out, 1);
  }
  return true;
}

bool append_puback(std::uint16_t packet_id, MqttBuffer& out) {
  if (!begin(out, MqttType::kPuback, 0, 2)) return false;
  put_number(out, packet_id);
  return true;
}

bool append_pingreq(MqttBuffer& out) { return begin(out, MqttType::kPingreq, 0, 0); }

bool append_disconnect(MqttBuffer& out) { return begin(out, MqttType::kDisconnect, 0, 0); }

// Section 3.2. The session present flag is of no interest: ours are clean.
bool read_connack(const MqttPacket& packet, std::uint8_t* return_code) {
  if (packet.flags != 0 || packet.body.size != 2 || packet.body.data[0] > 1) return false;
  *return_code = packet.body.data[1];
  return true;
}

bool read_publish(const MqttPacket& packet, MqttPublish* publish) {
  *publish = {};
  const unsigned qos = packet.flags >> 1 & 3U;
  publish->is_duplicate = (packet.flags & 8U) != 0;
  publish->is_retained = (packet.flags & 1U) != 0;
  BodyReader reader(packet.body);
  if (qos > 1 || !reader.take_text(&publish->topic) || !is_topic_name(publish->topic)) return false;
  if (qos == 1 && (!reader.take_number(&publish->packet_id) || publish->packet_id == 0)) {
    return false;
  }
  publish->payload = reader.rest();
  return true;
}

bool read_puback(const MqttPacket& packet, std::uint16_t* packet_id) {
  BodyReader reader(packet.body);
  return packet.flags == 0 && packet.body.size == 2 && reader.take_number(packet_id);
}

// Section 3.9.
bool read_suback(const MqttPacket& packet, std::uint16_t* packet_id, std::size_t* refused) {
  BodyReader reader(packet.body);
  if (packet.flags != 0 || !reader.take_number(packet_id)) return false;
  const Bytes codes = reader.rest();
  *refused = 0;
  for (std::size_t i = 0; i < codes.size; ++i) {
    if (codes.data[i] > 2 && codes.data[i] != 0x80) return false;
    if (codes.data[i] == 0x80) ++*refused;
  }
  return codes.size > 0;
}

void MqttPacketReader::reset() {
  state_ = State::kType;
  length_bytes_ = 0;
  length_ = 0;
  received_ = 0;
}

std::uint8_t* MqttPacketReader::space(std::size_t* room) {
  const std::size_t left = length_ - received_;
  switch (state_) {
    case State::kBody: {
      const std::size_t free = capacity_ - received_;
      *room = left < free ? left : free;
      return buffer_ + received_;
    }
    case State::kSkip: {
      // The second half is written over and over; the beginning, with the topic, stays.
      const std::size_t half = capacity_ / 2;
      *room = left < half ? left : half;
      return buffer_ + (capacity_ - half);
    }
    case State::kType:
    case State::kLength:
      *room = 1;
      return &byte_;
    case State::kWhole:
      break;
  }
  *room = 0;
  return &byte_;
}

bool MqttPacketReader::took(std::size_t size) {
  if (size == 0) return true;
  switch (state_) {
    case State::kType:
      first_ = byte_;
      state_ = State::kLength;
      // Types 0 and 15 are reserved (section 2.2.1).
      return first_ >> 4 != 0 && first_ >> 4 != 15;
    case State::kLength:
      length_ |= static_cast<std::uint32_t>(byte_ & 0x7F) << 7 * length_bytes_;
      ++length_bytes_;
      if ((byte_ & 0x80) == 0) {
        begin_body();
        return true;
      }
      return length_bytes_ < 4;
    case State::kBody:
      received_ += static_cast<std::uint32_t>(size);
      if (received_ == length_) {
        state_ = State::kWhole;
      } else if (received_ == capacity_) {
        state_ = State::kSkip;
      }
      return true;
    case State::kSkip:
      received_ += static_cast<std::uint32_t>(size);
      if (received_ == length_) state_ = State::kWhole;
      return true;
    case State::kWhole:
      break;
  }
  return false;
}

void MqttPacketReader::begin_body() { state_ = length_ == 0 ? State::kWhole : State::kBody; }

MqttPacket MqttPacketReader::packet() const {
  MqttPacket packet;
  packet.type = static_cast<MqttType>(first_ >> 4);
  packet.flags = first_ & 15;
  packet.is_cut = length_ > capacity_;
  packet.body = {buffer_, packet.is_cut ? capacity_ - capacity_ / 2 : length_};
  return packet;
}

}  // namespace skiclock
