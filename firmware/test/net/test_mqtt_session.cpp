// The conversation with a broker: what is said and heard in it, over a line that cuts bytes
// anywhere.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "net/mqtt_line.h"

using skiclock::Bytes;
using skiclock::bytes_of;
using skiclock::JsonWriter;
using skiclock::MqttProblem;
using skiclock::MqttSession;
using skiclock::MqttState;
using skiclock::text_of;
using skiclock::test::Line;
using skiclock::test::payload_of;
using skiclock::test::view;
using namespace std::string_literals;
namespace test = skiclock::test;

TEST_CASE("it waits a moment, connects, and greets with a will") {
  Line line;
  line.expect_connection();
  line.start();
  line.session.poll(line.now_ms);
  CHECK(line.session.state() == MqttState::kWaiting);
  line.pass(400);
  CHECK(line.stream.opened == 0);
  line.pass(1000);
  CHECK(line.stream.opened == 1);
  CHECK(line.stream.host == "broker.example.org");
  CHECK(line.session.state() == MqttState::kGreeting);
  REQUIRE(line.sent().size() == 1);
  CHECK(line.sent()[0].first_byte == 0x10);
  CHECK(line.sent()[0].body.find("skiclock/status/a1") != std::string::npos);
  CHECK(line.events.empty());
  line.stream.feed(test::connack(0));
  line.pass(10);
  CHECK(line.session.is_connected());
  CHECK(line.events == std::vector<std::string>{"connected"});
  line.pass(500);
  CHECK(line.session.connected_ms(line.now_ms) >= 500);
  CHECK(line.session.counters().connected == 1);
}

TEST_CASE("nothing goes out before it is connected") {
  Line line;
  const char* const filters[] = {"a"};
  CHECK_FALSE(line.session.publish(text_of("t"), {}));
  CHECK(line.session.publish_acknowledged(text_of("t"), {}, line.now_ms) == 0);
  CHECK_FALSE(line.session.subscribe(filters, 1));
  CHECK_FALSE(line.session.draft(text_of("t")).begin_object().ok());
}

TEST_CASE("messages arrive whole, however the line cuts them, and QoS 1 is acknowledged") {
  const std::string incoming = test::publish("skiclock/ack/a1", "one", 0, true) +
                               test::publish("skiclock/command/a1", "two", 0x0102) +
                               test::publish("skiclock/config/a1", "", 3);
  for (std::size_t piece = 1; piece <= incoming.size(); piece += 3) {
    for (const std::size_t writes : {1U, 2U, 1000U}) {
      Line line;
      line.stream.writes_at_most = writes;
      line.expect_connection(test::connack(0) + incoming, piece);
      line.start();
      line.pass(4000);
      CHECK(line.events == std::vector<std::string>{"connected", "skiclock/ack/a1=one (kept)",
                                                    "skiclock/command/a1=two",
                                                    "skiclock/config/a1="});
      const auto sent = line.sent();
      REQUIRE(sent.size() == 3);
      CHECK(sent[1].first_byte == 0x40);
      CHECK(sent[1].body == test::number(0x0102));
      CHECK(sent[2].body == test::number(3));
    }
  }
}

TEST_CASE("publications go out byte by byte where the line is slow") {
  Line line;
  line.connect();
  line.stream.writes_at_most = 1;
  CHECK(line.session.publish(text_of("t"), skiclock::bytes_of(text_of("first")), true));
  CHECK(line.session.publish(text_of("t"), skiclock::bytes_of(text_of("second"))));
  CHECK_FALSE(line.session.is_flushed());
  line.pass(1000);
  CHECK(line.session.is_flushed());
  REQUIRE(line.sent().size() == 2);
  CHECK(line.sent()[0].first_byte == 0x31);
  CHECK(payload_of(line.sent()[1]) == "second");
}

TEST_CASE("a publication with QoS 1 is in flight until the broker has it, one at a time") {
  Line line;
  line.connect();
  const Bytes payload = skiclock::bytes_of(text_of("x"));
  const std::uint16_t id = line.session.publish_acknowledged(text_of("t"), payload, line.now_ms);
  REQUIRE(id != 0);
  CHECK(line.session.is_in_flight());
  CHECK(line.session.publish_acknowledged(text_of("t"), payload, line.now_ms) == 0);
  line.pass(50);
  CHECK(line.sent().at(0).first_byte == 0x32);
  line.stream.feed(test::puback(id + 1U));
  line.pass(50);
  CHECK(line.session.is_in_flight());
  line.stream.feed(test::puback(id) + test::puback(id));
  line.pass(50);
  CHECK_FALSE(line.session.is_in_flight());
  CHECK(line.events == std::vector<std::string>{"ack " + std::to_string(id)});
  CHECK(line.session.publish_acknowledged(text_of("t"), payload, line.now_ms) != 0);
}

TEST_CASE("a publication that is never acknowledged does not block the next for ever") {
  Line line;
  line.connect();
  REQUIRE(line.session.publish_acknowledged(text_of("t"), {}, line.now_ms) != 0);
  for (int i = 0; i < 6; ++i) {
    line.stream.feed(test::pingresp());
    line.pass(4000);
  }
  CHECK(line.session.is_connected());
  CHECK_FALSE(line.session.is_in_flight());
  CHECK(line.events.empty());
}

TEST_CASE("packet ids never are zero, also after 65535 of them") {
  Line line;
  line.connect();
  for (std::uint32_t i = 0; i < 65540; ++i) {
    const std::uint16_t id = line.session.publish_acknowledged(text_of("t"), {}, line.now_ms);
    REQUIRE(id != 0);
    line.session.poll(line.now_ms);
    line.stream.written.clear();
    line.stream.requests.back().clear();
    line.stream.feed(test::puback(id));
    line.session.poll(line.now_ms);
    REQUIRE_FALSE(line.session.is_in_flight());
  }
}

TEST_CASE("a message is drafted in place, and fits where publish would take it") {
  Line line;
  line.connect();
  for (const std::size_t size : {3U, 120U, 121U, 200U, 1012U, 1013U}) {
    CAPTURE(size);
    line.stream.written.clear();
    const std::string content(size, 'x');
    JsonWriter out = line.session.draft(text_of("topic"));
    out.text(view(content));  // and two quotes
    const bool fits = size + 2 + 12 <= MqttSession::kPacketBytes;
    CHECK(out.ok() == fits);
    if (!fits) continue;
    CHECK(line.session.publish(text_of("topic"), skiclock::bytes_of(out.written())));
    line.pass(10);
    REQUIRE(line.sent().size() == 1);
    CHECK(payload_of(line.sent()[0]) == '"' + content + '"');
  }
}

TEST_CASE("what is larger than a packet is refused, what finds the buffer full may come again") {
  Line line;
  line.connect();
  const std::string large(MqttSession::kPacketBytes, 'x');
  CHECK_FALSE(line.session.publish(text_of("t"), skiclock::bytes_of(view(large))));
  line.stream.writes_at_most = 0;
  const Bytes half = {reinterpret_cast<const std::uint8_t*>(large.data()), 600};
  CHECK(line.session.publish(text_of("t"), half));
  CHECK_FALSE(line.session.publish(text_of("t"), half));
  line.stream.writes_at_most = 1000;
  line.pass(10);
  CHECK(line.session.publish(text_of("t"), half));
  line.pass(10);
  CHECK(line.sent().size() == 2);
}

TEST_CASE("messages wait while their acknowledgement could not be sent") {
  Line line;
  line.connect();
  line.stream.writes_at_most = 0;
  for (unsigned id = 1; id <= 10; ++id) line.stream.feed(test::publish("t", "x", id));
  const std::string large(MqttSession::kPacketBytes - 10, 'x');
  CHECK(line.session.publish(text_of("t"), skiclock::bytes_of(view(large))));
  line.pass(100);
  CHECK(line.events.size() < 10);
  line.stream.writes_at_most = 1000;
  line.pass(100);
  CHECK(line.events.size() == 10);
  CHECK(line.sent().size() == 11);
}

TEST_CASE("a message too large is skipped, acknowledged and counted; the next one is heard") {
  Line line;
  line.connect();
  line.stream.feed(test::publish("t", std::string(5000, 'x'), 9) + test::publish("t", "next"));
  line.pass(200);
  CHECK(line.events == std::vector<std::string>{"t=next"});
  CHECK(line.session.counters().skipped_packets == 1);
  REQUIRE(line.sent().size() == 1);
  CHECK(line.sent()[0].body == test::number(9));
  CHECK(line.session.is_connected());
}

TEST_CASE("one poll handles only so much of a flood") {
  Line line;
  line.connect();
  for (int i = 0; i < 100; ++i) line.stream.feed(test::publish("t", "x"));
  line.session.poll(line.now_ms);
  CHECK(line.events.size() <= 8);
  line.pass(500);
  CHECK(line.events.size() == 100);
}

TEST_CASE("subscriptions that the broker does not grant are counted") {
  Line line;
  line.connect();
  const char* const filters[] = {"a/+", "b"};
  CHECK(line.session.subscribe(filters, 2));
  line.pass(10);
  CHECK(line.sent().at(0).first_byte == 0x82);
  line.stream.feed(test::suback(1, "\x01\x80"s));
  line.pass(10);
  CHECK(line.session.counters().refused_subscriptions == 1);
  CHECK(line.session.is_connected());
}

TEST_CASE("a ping goes out before the broker loses patience, and its answer is awaited") {
  Line line;
  line.connect();
  line.pass(9000);
  CHECK(line.sent().empty());
  line.pass(1500);
  REQUIRE(line.sent().size() == 1);
  CHECK(line.sent()[0].first_byte == 0xC0);
  line.stream.feed(test::pingresp());
  line.pass(8000);
  CHECK(line.sent().size() == 1);
  line.pass(3000);
  CHECK(line.sent().size() == 2);
  line.pass_until_problem(16000);
  CHECK_FALSE(line.session.is_connected());
  CHECK(line.session.problem() == MqttProblem::kSilent);
  CHECK(line.events == std::vector<std::string>{"lost"});
}

TEST_CASE("a clock that only talks notices a dead line too") {
  Line line;
  line.connect();
  for (int i = 0; i < 30 && line.session.is_connected(); ++i) {
    line.session.publish(text_of("t"), skiclock::bytes_of(text_of("x")));
    line.pass(1000);
  }
  CHECK_FALSE(line.session.is_connected());
  CHECK(line.session.problem() == MqttProblem::kSilent);
}
