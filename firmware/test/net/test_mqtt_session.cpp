// The conversation with a broker: row by row what happens in which state, over a line that cuts
// bytes anywhere.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/fake_stream.h"
#include "fakes/fake_system.h"
#include "net/mqtt_bytes.h"
#include "skiclock/net/mqtt_session.h"

using skiclock::Bytes;
using skiclock::JsonWriter;
using skiclock::MqttProblem;
using skiclock::MqttSession;
using skiclock::MqttState;
using skiclock::Text;
using skiclock::text_of;
using skiclock::fakes::Dialogue;
using namespace std::string_literals;
namespace test = skiclock::test;

namespace {

Text view(const std::string& text) { return {text.data(), text.size()}; }

// A clock and its line to a broker that a test plays.
struct Line : skiclock::MqttListener {
  skiclock::fakes::FakeStream stream;
  skiclock::fakes::FakeSystem system;
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
    if (answers_in_callback)
      session.publish(text_of("answer"), skiclock::bytes_of(text_of("done")));
  }
  void on_acknowledged(std::uint16_t id) override { events.push_back("ack " + std::to_string(id)); }
  void on_lost() override { events.push_back("lost"); }

  void expect_connection(const std::string& answer = "", std::size_t piece = 1000) {
    Dialogue dialogue;
    dialogue.answer = answer;
    dialogue.piece = piece;
    dialogue.hangs_up = false;
    stream.script.push_back(dialogue);
  }

  void start() {
    skiclock::MqttSettings settings;
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
    expect_connection(test::connack(0));
    start();
    pass(1500);
    REQUIRE(session.is_connected());
    events.clear();
    stream.written.clear();
  }

  std::vector<test::Packet> sent() const { return test::split(stream.written); }
};

std::string payload_of(const test::Packet& packet) {
  const std::size_t topic = static_cast<unsigned char>(packet.body[1]);
  const std::size_t id = (packet.first_byte & 6) != 0 ? 2 : 0;
  return packet.body.substr(2 + topic + id);
}

}  // namespace

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

TEST_CASE("each way a session can end has its name") {
  const struct {
    std::string answer;
    MqttProblem problem;
  } rows[] = {
      {test::connack(1), MqttProblem::kRefused},
      {test::connack(2), MqttProblem::kRefused},
      {test::connack(3), MqttProblem::kUnavailable},
      {test::connack(4), MqttProblem::kBadCredentials},
      {test::connack(5), MqttProblem::kBadCredentials},
      {test::connack(6), MqttProblem::kNotMqtt},
      {"\x20\x03\x00\x00\x00"s, MqttProblem::kNotMqtt},
      {"HTTP/1.1 400 Bad Request\r\n" + std::string(100, 'x'), MqttProblem::kNotMqtt},
      {"\x00"s, MqttProblem::kNotMqtt},
      {test::pingresp(), MqttProblem::kNotMqtt},
      {test::packet(0x30, std::string(5000, 'x')), MqttProblem::kNotMqtt},
      {test::connack(0) + test::connack(0), MqttProblem::kNotMqtt},
      {test::connack(0) + test::packet(0x62, "\x00\x01"s), MqttProblem::kNotMqtt},
      {test::connack(0) + test::packet(0x34, "\x00\x01t\x00\x01"s), MqttProblem::kNotMqtt},
      {test::connack(0) + test::packet(0x90, std::string(5000, '\0')), MqttProblem::kNotMqtt}};
  for (const auto& row : rows) {
    CAPTURE(row.answer.substr(0, 8));
    Line line;
    line.expect_connection(row.answer);
    line.start();
    line.pass_until_problem(2500);
    CHECK(line.session.problem() == row.problem);
    CHECK(line.session.state() == MqttState::kWaiting);
    CHECK(std::string(problem_text(row.problem)) != "unknown");
  }
}

TEST_CASE("a broker that does not answer, or does not open, is given up") {
  Line silent;
  silent.expect_connection();
  silent.start();
  silent.pass_until_problem(17000);
  CHECK(silent.session.problem() == MqttProblem::kNoAnswer);
  CHECK(silent.events.empty());
  Line closed;
  closed.start();
  closed.pass(2000);
  CHECK(closed.session.problem() == MqttProblem::kUnreachable);
  Line slow;
  slow.expect_connection();
  slow.stream.script.back().opening_polls = UINT32_MAX;
  slow.start();
  slow.pass(22000);
  CHECK(slow.session.problem() == MqttProblem::kUnreachable);
}

TEST_CASE("wrong credentials are tried again after minutes, not seconds") {
  for (const int code : {1, 2, 4, 5}) {
    Line line;
    for (int i = 0; i < 10; ++i) line.expect_connection(test::connack(code));
    line.start();
    line.pass(600000, 100);
    CHECK(line.stream.opened >= 5);
    CHECK(line.stream.opened <= 11);
  }
}

TEST_CASE("a broker that accepts and then drops is asked less and less often") {
  Line line;
  for (int i = 0; i < 100; ++i) {
    line.expect_connection(test::connack(0));
    line.stream.script.back().hangs_up = true;
  }
  line.start();
  line.pass(300000, 10);
  CHECK(line.stream.opened >= 7);
  CHECK(line.stream.opened <= 16);
  CHECK(line.session.problem() == MqttProblem::kClosed);
  CHECK(line.session.counters().lost == line.session.counters().connected);
}

TEST_CASE("after a session that lasted, it comes back at once") {
  Line line;
  for (int i = 0; i < 5; ++i) {  // grow the delay first
    line.stream.script.push_back({});
    line.stream.script.back().refuses = true;
  }
  line.expect_connection(test::connack(0));
  line.start();
  for (int i = 0; i < 100 && !line.session.is_connected(); ++i) line.pass(1000);
  REQUIRE(line.session.is_connected());
  for (int i = 0; i < 65; ++i) {
    line.stream.feed(test::pingresp());
    line.pass(1000);
  }
  line.expect_connection(test::connack(0));
  line.stream.break_off();
  line.pass(1500);
  CHECK(line.session.is_connected());
  CHECK(line.events == std::vector<std::string>{"connected", "lost", "connected"});
}

TEST_CASE("what arrived before the line broke is still heard") {
  Line line;
  line.connect();
  line.stream.feed(test::publish("t", "last words"));
  line.stream.break_off();
  line.pass(10);
  CHECK(line.events == std::vector<std::string>{"t=last words", "lost"});
}

TEST_CASE("goodbye is said after what waits, and then it stays away") {
  Line line;
  line.connect();
  line.stream.writes_at_most = 5;
  line.session.publish(text_of("skiclock/status/a1"), skiclock::bytes_of(text_of("off")), true);
  line.session.stop(line.now_ms);
  CHECK(line.session.state() == MqttState::kLeaving);
  line.pass(1000);
  CHECK(line.session.state() == MqttState::kStopped);
  REQUIRE(line.sent().size() == 2);
  CHECK(payload_of(line.sent()[0]) == "off");
  CHECK(line.sent()[1].first_byte == 0xE0);
  CHECK(line.events.empty());
  line.pass(120000, 1000);
  CHECK(line.stream.opened == 1);
}

TEST_CASE("goodbye is not waited for on a line that is stuck") {
  Line line;
  line.connect();
  line.stream.writes_at_most = 0;
  line.session.stop(line.now_ms);
  line.pass(2500);
  CHECK(line.session.state() == MqttState::kStopped);
}

TEST_CASE("the listener may answer and may stop; after goodbye nothing is acknowledged") {
  Line line;
  line.connect();
  line.answers_in_callback = true;
  line.stream.feed(test::publish("t", "x", 5));
  line.pass(10);
  REQUIRE(line.sent().size() == 2);
  CHECK(payload_of(line.sent()[0]) == "done");
  CHECK(line.sent()[1].first_byte == 0x40);
  line.stops_in_callback = true;
  line.answers_in_callback = false;
  line.stream.feed(test::publish("t", "x", 6) + test::publish("t", "not heard", 7));
  line.pass(100);
  REQUIRE(line.sent().size() == 3);
  CHECK(line.sent()[2].first_byte == 0xE0);
  CHECK(line.events.size() == 2);
  CHECK(line.session.state() == MqttState::kStopped);
}

TEST_CASE("starting anew ends the session, and connects again") {
  Line line;
  line.connect();
  line.expect_connection(test::connack(0));
  line.start();
  CHECK_FALSE(line.session.is_connected());
  line.pass(1500);
  CHECK(line.session.is_connected());
  CHECK(line.stream.opened == 2);
  CHECK(line.session.counters().lost == 0);
}

TEST_CASE("without a network nothing is tried, and with it again at once") {
  Line line;
  line.connect();
  line.session.set_network(false, line.now_ms);
  CHECK(line.events == std::vector<std::string>{"lost"});
  line.pass(600000, 1000);
  CHECK(line.stream.opened == 1);
  CHECK(line.session.state() == MqttState::kStopped);
  line.expect_connection(test::connack(0));
  line.session.set_network(true, line.now_ms);
  line.pass(4500);
  CHECK(line.session.is_connected());
}

TEST_CASE("no network while it waits stops the waiting") {
  Line line;
  line.start();
  line.session.poll(line.now_ms);
  CHECK(line.session.state() == MqttState::kWaiting);
  line.session.set_network(false, line.now_ms);
  CHECK(line.session.state() == MqttState::kStopped);
  CHECK(line.events.empty());
}

TEST_CASE("credentials that fill more than a packet are refused without a broker") {
  Line line;
  const std::string password(2000, 'p');
  skiclock::MqttSettings settings;
  settings.client_id = text_of("c");
  settings.username = text_of("u");
  settings.password = view(password);
  line.expect_connection();
  line.session.start(settings, line.now_ms);
  line.pass(1500);
  CHECK(line.session.problem() == MqttProblem::kRefused);
  CHECK(line.stream.written.empty());
}

TEST_CASE("without keep-alive it never pings") {
  Line line;
  skiclock::MqttSettings settings;
  settings.client_id = text_of("c");
  settings.keep_alive_s = 0;
  line.expect_connection(test::connack(0));
  line.session.start(settings, line.now_ms);
  line.pass(120000, 100);
  CHECK(line.session.is_connected());
  CHECK(line.sent().size() == 1);
}

TEST_CASE("every problem of a session has its word") {
  for (int i = 0; i <= static_cast<int>(MqttProblem::kNotMqtt); ++i) {
    CHECK(std::string(problem_text(static_cast<MqttProblem>(i))) != "unknown");
  }
}
