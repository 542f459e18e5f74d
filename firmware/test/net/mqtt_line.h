// A clock's line to a broker that a test plays: what it sends and hears, over pieces of any size.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/fake_stream.h"
#include "fakes/fake_system.h"
#include "net/mqtt_bytes.h"
#include "skiclock/net/mqtt_session.h"

namespace skiclock::test {

inline Text view(const std::string& text) { return {text.data(), text.size()}; }

// A clock and its line to a broker that a test plays.
struct Line : MqttListener {
  fakes::FakeStream stream;
  fakes::FakeSystem system;
  MqttSession session{stream, system, *this};
  std::uint32_t now_ms = 0xFFFFF000;  // wraps soon
  std::vector<std::string> events;
  bool stops_in_callback = false;
  bool answers_in_callback = false;

  void on_connected() override { events.push_back("connected"); }
  void on_message(Text topic, Bytes payload, bool is_retained) override {
    events.push_back(std::string(topic.data, topic.size) + "=" +
                     std::string(reinterpret_cast<const char*>(payload.data), payload.size) +
                     (is_retained ? " (kept)" : ""));
    if (stops_in_callback) session.stop(now_ms);
    if (answers_in_callback) session.publish(text_of("answer"), bytes_of(text_of("done")));
  }
  void on_acknowledged(std::uint16_t id) override { events.push_back("ack " + std::to_string(id)); }
  void on_lost() override { events.push_back("lost"); }

  void expect_connection(const std::string& answer = "", std::size_t piece = 1000) {
    fakes::Dialogue dialogue;
    dialogue.answer = answer;
    dialogue.piece = piece;
    dialogue.hangs_up = false;
    stream.script.push_back(dialogue);
  }

  void start() {
    MqttSettings settings;
    settings.broker.host = "broker.example.org";
    settings.broker.port = 8883;
    settings.client_id = text_of("SkiClock-a1");
    settings.username = text_of("user");
    settings.password = text_of("secret");
    settings.will_topic = text_of("skiclock/status/a1");
    settings.will_payload = text_of("gone");
    session.start(settings, now_ms);
  }

  // Polls for a time, in steps.
  void pass(std::uint32_t ms, std::uint32_t step_ms = 10) {
    for (std::uint32_t passed = 0; passed < ms; passed += step_ms) {
      session.poll(now_ms);
      now_ms += step_ms;
    }
  }

  // Likewise, and not beyond the end of the session.
  void pass_until_problem(std::uint32_t ms) {
    for (std::uint32_t i = 0; i < ms / 10 && session.problem() == MqttProblem::kNone; ++i) pass(10);
  }

  void connect() {
    expect_connection(connack(0));
    start();
    pass(1500);
    REQUIRE(session.is_connected());
    events.clear();
    stream.written.clear();
  }

  std::vector<Packet> sent() const { return split(stream.written); }
};

inline std::string payload_of(const Packet& packet) {
  const std::size_t topic = static_cast<unsigned char>(packet.body[1]);
  const std::size_t id = (packet.first_byte & 6) != 0 ? 2 : 0;
  return packet.body.substr(2 + topic + id);
}

}  // namespace skiclock::test
