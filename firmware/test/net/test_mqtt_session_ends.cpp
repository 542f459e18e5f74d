// How a session with a broker ends, and how the clock comes back.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "net/mqtt_line.h"

using skiclock::MqttProblem;
using skiclock::MqttState;
using skiclock::text_of;
using skiclock::test::Line;
using skiclock::test::payload_of;
using skiclock::test::view;
using namespace std::string_literals;
namespace test = skiclock::test;

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
