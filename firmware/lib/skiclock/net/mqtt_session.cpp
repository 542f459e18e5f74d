// The clock's conversation with the broker: connects, stays, comes back.
#include "skiclock/net/mqtt_session.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kOpenMs = 20000;
constexpr std::uint32_t kAnswerMs = 15000;  // to CONNECT, and to a ping
constexpr std::uint32_t kLeaveMs = 2000;
// A broker need not acknowledge what its rules forbid: then the next one has its turn.
constexpr std::uint32_t kInFlightMs = 20000;
// Bounds what one `poll` does, so that a flood does not stop the clock.
constexpr int kPacketsPerPoll = 8;
constexpr int kReadsPerPoll = 64;

MqttProblem problem_of_code(std::uint8_t return_code) {
  switch (return_code) {
    case 0:
      return MqttProblem::kNone;
    case 1:  // protocol version
    case 2:  // client id
      return MqttProblem::kRefused;
    case 3:
      return MqttProblem::kUnavailable;
    case 4:  // username or password
    case 5:  // not authorised
      return MqttProblem::kBadCredentials;
    default:
      return MqttProblem::kNotMqtt;
  }
}

// Whether it will be no better in a minute.
bool is_lasting(MqttProblem problem) {
  return problem == MqttProblem::kBadCredentials || problem == MqttProblem::kRefused;
}

}  // namespace

const char* problem_text(MqttProblem problem) {
  switch (problem) {
    case MqttProblem::kNone:
      return "none";
    case MqttProblem::kUnreachable:
      return "unreachable";
    case MqttProblem::kNoAnswer:
      return "no answer";
    case MqttProblem::kBadCredentials:
      return "bad credentials";
    case MqttProblem::kRefused:
      return "refused";
    case MqttProblem::kUnavailable:
      return "unavailable";
    case MqttProblem::kSilent:
      return "silent";
    case MqttProblem::kClosed:
      return "closed";
    case MqttProblem::kNotMqtt:
      return "not mqtt";
  }
  return "unknown";
}

void MqttSession::start(const MqttSettings& settings, std::uint32_t now_ms) {
  leave(now_ms);
  settings_ = settings;
  backoff_ = {};
  is_wanted_ = true;
}

void MqttSession::stop(std::uint32_t now_ms) {
  leave(now_ms);
  is_wanted_ = false;
}

void MqttSession::set_network(bool is_up, std::uint32_t now_ms) {
  has_network_ = is_up;
  if (is_up || state_ == MqttState::kStopped) return;
  if (state_ != MqttState::kWaiting) end(MqttProblem::kClosed, now_ms);
  // `on_lost` may have stopped it meanwhile, which comes to the same.
  state_ = MqttState::kStopped;
}

void MqttSession::poll(std::uint32_t now_ms) {
  switch (state_) {
    case MqttState::kStopped:
      if (is_wanted_ && has_network_) wait(backoff_.next_delay_ms(system_.random()), now_ms);
      break;
    case MqttState::kWaiting:
      if (now_ms - entered_ms_ >= delay_ms_) connect(now_ms);
      break;
    case MqttState::kOpening:
      open(now_ms);
      break;
    case MqttState::kGreeting:
    case MqttState::kConnected:
      flush(now_ms);
      receive(now_ms);
      keep_alive(now_ms);
      flush(now_ms);
      break;
    case MqttState::kLeaving:
      flush(now_ms);
      if (out_.size == 0 || stream_.state() == StreamState::kClosed ||
          now_ms - entered_ms_ >= kLeaveMs) {
        close();
        state_ = MqttState::kStopped;
      }
      break;
  }
}

std::uint32_t MqttSession::connected_ms(std::uint32_t now_ms) const {
  return is_connected() ? now_ms - entered_ms_ : 0;
}

bool MqttSession::subscribe(const char* const* filters, std::size_t count) {
  if (!is_connected()) return false;
  MqttBuffer out = buffer_for_publishing();
  return append_subscribe(next_packet_id(), filters, count, out) && commit(out);
}

bool MqttSession::publish(Text topic, Bytes payload, bool is_retained) {
  return send({topic, payload, 0, is_retained, false});
}

std::uint16_t MqttSession::publish_acknowledged(Text topic, Bytes payload, std::uint32_t now_ms,
                                                bool is_retained) {
  if (is_in_flight()) return 0;
  const std::uint16_t packet_id = next_packet_id();
  if (!send({topic, payload, packet_id, is_retained, false})) return 0;
  in_flight_id_ = packet_id;
  in_flight_ms_ = now_ms;
  return packet_id;
}

JsonWriter MqttSession::draft(Text topic) {
  // Type, two bytes of length, the topic with its own two, a packet id.
  const std::size_t head = 1 + 2 + 2 + topic.size + 2;
  const MqttBuffer out = buffer_for_publishing();
  if (!is_connected() || out.capacity - out.size < head) return {nullptr, 0};
  auto* payload = reinterpret_cast<char*>(out.data + out.size + head);
  return {payload, out.capacity - out.size - head};
}

// ---- Begin and end.

void MqttSession::connect(std::uint32_t now_ms) {
  enter(MqttState::kOpening, now_ms);
  stream_.open(settings_.broker);
}

void MqttSession::open(std::uint32_t now_ms) {
  const StreamState stream = stream_.state();
  if (stream == StreamState::kOpen) {
    greet(now_ms);
  } else if (stream == StreamState::kClosed || now_ms - entered_ms_ >= kOpenMs) {
    end(MqttProblem::kUnreachable, now_ms);
  }
}

void MqttSession::greet(std::uint32_t now_ms) {
  const MqttConnect connect = {settings_.client_id,  settings_.username,
                               settings_.password,   settings_.keep_alive_s,
                               settings_.will_topic, bytes_of(settings_.will_payload)};
  // Credentials that fill a whole packet are refused here as a broker would.
  if (!append_connect(connect, out_)) return end(MqttProblem::kRefused, now_ms);
  enter(MqttState::kGreeting, now_ms);
  flush(now_ms);
}

void MqttSession::enter(MqttState state, std::uint32_t now_ms) {
  state_ = state;
  entered_ms_ = now_ms;
}

void MqttSession::wait(std::uint32_t delay_ms, std::uint32_t now_ms) {
  delay_ms_ = delay_ms;
  enter(MqttState::kWaiting, now_ms);
}

void MqttSession::leave(std::uint32_t now_ms) {
  if (state_ == MqttState::kConnected && append_disconnect(out_)) {
    in_flight_id_ = 0;
    enter(MqttState::kLeaving, now_ms);
    flush(now_ms);
  } else if (state_ != MqttState::kLeaving) {
    close();
    state_ = MqttState::kStopped;
  }
}

void MqttSession::end(MqttProblem problem, std::uint32_t now_ms) {
  const bool was_connected = is_connected();
  close();
  problem_ = problem;
  wait(is_lasting(problem) ? backoff_.long_delay_ms(system_.random())
                           : backoff_.next_delay_ms(system_.random()),
       now_ms);
  if (!was_connected) return;
  ++counters_.lost;
  listener_.on_lost();
}

void MqttSession::close() {
  stream_.close();
  reader_.reset();
  out_.size = 0;
  in_flight_id_ = 0;
  is_ping_out_ = false;
}

// ---- Bytes out and in.

bool MqttSession::send(const MqttPublish& publish) {
  if (!is_connected()) return false;
  MqttBuffer out = buffer_for_publishing();
  return append_publish(publish, out) && commit(out);
}

MqttBuffer MqttSession::buffer_for_publishing() {
  return {out_bytes_, kPacketBytes, out_.size < kPacketBytes ? out_.size : kPacketBytes};
}

bool MqttSession::commit(const MqttBuffer& appended) {
  out_.size = appended.size;
  // Not flushed here: there is no `now_ms`, and `poll` comes soon.
  return true;
}

void MqttSession::flush(std::uint32_t now_ms) {
  if (out_.size == 0) return;
  const std::size_t count = stream_.write({out_.data, out_.size});
  if (count == 0) return;
  out_.size -= count;
  std::memmove(out_.data, out_.data + count, out_.size);
  sent_ms_ = now_ms;
}

void MqttSession::receive(std::uint32_t now_ms) {
  int packets = 0;
  for (int reads = 0; reads < kReadsPerPoll && packets < kPacketsPerPoll; ++reads) {
    // What comes may have to be acknowledged: without room for that it must wait.
    const bool is_blocked = out_.capacity - out_.size < 6;
    if (is_blocked || (state_ != MqttState::kGreeting && state_ != MqttState::kConnected)) return;
    std::size_t room = 0;
    std::uint8_t* space = reader_.space(&room);
    // Asked before reading: what came before the end is still to be read.
    const bool is_closed = stream_.state() == StreamState::kClosed;
    const std::size_t count = stream_.read(space, room);
    if (count == 0) {
      if (is_closed) end(MqttProblem::kClosed, now_ms);
      return;
    }
    if (!reader_.took(count)) return end(MqttProblem::kNotMqtt, now_ms);
    if (!reader_.is_whole()) continue;
    ++packets;
    received_ms_ = now_ms;
    is_ping_out_ = false;  // whatever came, the broker is alive
    handle(reader_.packet(), now_ms);
    reader_.reset();
  }
}

void MqttSession::handle(const MqttPacket& packet, std::uint32_t now_ms) {
  const bool is_greeting = state_ == MqttState::kGreeting;
  std::uint16_t packet_id = 0;
  std::size_t refused = 0;
  bool good = !is_greeting || packet.type == MqttType::kConnack;
  if (packet.is_cut) {
    ++counters_.skipped_packets;
    good = good && packet.type == MqttType::kPublish;
  }
  if (!good) return end(MqttProblem::kNotMqtt, now_ms);
  switch (packet.type) {
    case MqttType::kConnack:
      good = is_greeting && handle_connack(packet, now_ms);
      break;
    case MqttType::kPublish:
      good = handle_publish(packet);
      break;
    case MqttType::kPuback:
      good = read_puback(packet, &packet_id);
      if (good) acknowledged(packet_id);
      break;
    case MqttType::kSuback:
      good = read_suback(packet, &packet_id, &refused);
      counters_.refused_subscriptions += static_cast<std::uint32_t>(refused);
      break;
    case MqttType::kPingresp:
      good = packet.body.size == 0;
      break;
    default:
      good = false;
  }
  if (!good) end(MqttProblem::kNotMqtt, now_ms);
}

bool MqttSession::handle_connack(const MqttPacket& packet, std::uint32_t now_ms) {
  std::uint8_t code = 0;
  if (!read_connack(packet, &code)) return false;
  const MqttProblem problem = problem_of_code(code);
  if (problem != MqttProblem::kNone) {
    end(problem, now_ms);
    return true;
  }
  enter(MqttState::kConnected, now_ms);
  sent_ms_ = now_ms;
  problem_ = MqttProblem::kNone;
  backoff_.on_up(now_ms);
  ++counters_.connected;
  listener_.on_connected();
  return true;
}

bool MqttSession::handle_publish(const MqttPacket& packet) {
  MqttPublish publish;
  if (!read_publish(packet, &publish)) return false;
  if (!packet.is_cut) listener_.on_message(publish.topic, publish.payload, publish.is_retained);
  // One that was skipped is acknowledged as well: the broker would keep its place in the queue
  // for ever. After goodbye nothing may follow.
  if (publish.packet_id != 0 && is_connected()) append_puback(publish.packet_id, out_);
  return true;
}

void MqttSession::acknowledged(std::uint16_t packet_id) {
  if (!is_in_flight() || packet_id != in_flight_id_) return;
  in_flight_id_ = 0;
  listener_.on_acknowledged(packet_id);
}

void MqttSession::keep_alive(std::uint32_t now_ms) {
  if (state_ == MqttState::kGreeting && now_ms - entered_ms_ >= kAnswerMs) {
    return end(MqttProblem::kNoAnswer, now_ms);
  }
  if (!is_connected()) return;
  backoff_.while_up(now_ms);
  if (is_in_flight() && now_ms - in_flight_ms_ >= kInFlightMs) in_flight_id_ = 0;
  if (settings_.keep_alive_s == 0) return;
  if (is_ping_out_) {
    if (now_ms - ping_ms_ >= kAnswerMs) end(MqttProblem::kSilent, now_ms);
    return;
  }
  // Well before the broker's patience ends; also where only we talk, because a line that died
  // shows in the missing answer alone.
  const std::uint32_t quiet_ms = settings_.keep_alive_s * 1000U * 2 / 3;
  const bool is_due = now_ms - sent_ms_ >= quiet_ms || now_ms - received_ms_ >= quiet_ms;
  if (!is_due || !append_pingreq(out_)) return;
  is_ping_out_ = true;
  ping_ms_ = now_ms;
}

std::uint16_t MqttSession::next_packet_id() {
  ++last_packet_id_;
  if (last_packet_id_ == 0) last_packet_id_ = 1;
  return last_packet_id_;
}

}  // namespace skiclock
