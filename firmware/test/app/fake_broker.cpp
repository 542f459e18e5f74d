// The broker at the other end of a line.
#include "app/fake_broker.h"

#include <algorithm>
#include <cstring>

#include "net/mqtt_bytes.h"

namespace story {
namespace {

unsigned number_at(const std::string& body, std::size_t at) {
  return static_cast<unsigned>(static_cast<unsigned char>(body.at(at)) << 8 |
                               static_cast<unsigned char>(body.at(at + 1)));
}

std::string text_at(const std::string& body, std::size_t* at) {
  const unsigned size = number_at(body, *at);
  const std::string text = body.substr(*at + 2, size);
  *at += 2 + size;
  return text;
}

}  // namespace

void FakeBroker::open(const skiclock::Endpoint& endpoint) {
  host = endpoint.host;
  is_open_ = is_reachable;
  received_.clear();
  to_clock_.clear();
  if (is_open_) ++connections;
}

skiclock::StreamState FakeBroker::state() {
  return is_open_ ? skiclock::StreamState::kOpen : skiclock::StreamState::kClosed;
}

std::size_t FakeBroker::read(std::uint8_t* buffer, std::size_t capacity) {
  const std::size_t size = std::min(capacity, to_clock_.size());
  std::memcpy(buffer, to_clock_.data(), size);
  to_clock_.erase(0, size);
  return size;
}

std::size_t FakeBroker::write(skiclock::Bytes bytes) {
  if (!is_open_) return 0;
  received_.append(reinterpret_cast<const char*>(bytes.data), bytes.size);
  for (;;) {
    std::size_t length = 0;
    std::size_t at = 1;
    unsigned shift = 0;
    do {
      if (at >= received_.size()) return bytes.size;
      length |= static_cast<std::size_t>(received_[at] & 0x7F) << shift;
      shift += 7;
    } while ((received_[at++] & 0x80) != 0);
    if (received_.size() < at + length) return bytes.size;
    const int first = static_cast<unsigned char>(received_[0]);
    const std::string body = received_.substr(at, length);
    received_.erase(0, at + length);
    take_packet(first, body);
  }
}

void FakeBroker::take_packet(int first, const std::string& body) {
  switch (first >> 4) {
    case 1:
      return take_connect(body);
    case 3:
      return take_publish(first & 15, body);
    case 8:
      return take_subscribe(body);
    case 12:
      to_clock_ += skiclock::test::pingresp();
      return;
    case 14:
      ++goodbyes;
      is_open_ = false;
      return;
    default:
      return;
  }
}

void FakeBroker::take_connect(const std::string& body) {
  std::size_t at = 10;
  client_id = text_at(body, &at);
  will_.topic = text_at(body, &at);
  will_.payload = text_at(body, &at);
  will_.is_retained = true;
  to_clock_ += skiclock::test::connack(0);
}

void FakeBroker::take_publish(int flags, const std::string& body) {
  Message message;
  std::size_t at = 0;
  message.topic = text_at(body, &at);
  message.is_retained = (flags & 1) != 0;
  if ((flags & 6) != 0) {
    to_clock_ += skiclock::test::puback(number_at(body, at));
    at += 2;
  }
  message.payload = body.substr(at);
  published.push_back(message);
}

void FakeBroker::take_subscribe(const std::string& body) {
  std::size_t at = 2;
  filters.clear();
  std::string codes;
  while (at < body.size()) {
    filters.push_back(text_at(body, &at));
    ++at;
    codes += '\x01';
  }
  to_clock_ += skiclock::test::suback(number_at(body, 0), codes);
}

void FakeBroker::send(const std::string& topic, const std::string& payload, bool is_retained) {
  to_clock_ += skiclock::test::publish(topic, payload, 0, is_retained);
}

void FakeBroker::drop() {
  if (is_open_) published.push_back(will_);
  is_open_ = false;
}

}  // namespace story
