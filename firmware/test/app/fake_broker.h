// The broker at the other end of a line: takes a clock's packets apart and keeps what it published.
#pragma once

#include <string>
#include <vector>

#include "skiclock/ports.h"

namespace story {

struct Message {
  std::string topic;
  std::string payload;
  bool is_retained = false;
};

class FakeBroker : public skiclock::StreamPort {
 public:
  void open(const skiclock::Endpoint& endpoint) override;
  skiclock::StreamState state() override;
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  std::size_t write(skiclock::Bytes bytes) override;
  void close() override { is_open_ = false; }
  const char* problem() override { return ""; }

  // To the clock, QoS 0.
  void send(const std::string& topic, const std::string& payload, bool is_retained = false);
  // The line breaks; the will is published.
  void drop();

  bool is_reachable = true;
  std::string host;                  // that the clock connected to last
  std::string client_id;             // likewise
  std::vector<std::string> filters;  // that it subscribed to
  std::vector<Message> published;    // by clocks, wills included
  std::uint32_t connections = 0;
  std::uint32_t goodbyes = 0;

 private:
  void take_packet(int first, const std::string& body);
  void take_connect(const std::string& body);
  void take_publish(int flags, const std::string& body);
  void take_subscribe(const std::string& body);

  bool is_open_ = false;
  std::string received_;
  std::string to_clock_;
  Message will_;
};

}  // namespace story
