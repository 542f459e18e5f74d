// The MQTT session against a real broker (mosquitto).
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "fakes/fake_system.h"
#include "net/mosquitto.h"
#include "net/tcp_stream.h"
#include "skiclock/net/mqtt_session.h"

using skiclock::Bytes;
using skiclock::bytes_of;
using skiclock::MqttProblem;
using skiclock::MqttSession;
using skiclock::MqttState;
using skiclock::Text;
using skiclock::text_of;
using skiclock::test::Mosquitto;

namespace {

std::uint32_t now_ms() {
  using std::chrono::steady_clock;
  const auto passed = steady_clock::now().time_since_epoch();
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
}

struct Client : skiclock::MqttListener {
  skiclock::test::TcpStream stream;
  skiclock::fakes::FakeSystem system;
  MqttSession session{stream, system, *this};
  std::string id;
  std::string will_topic;
  std::vector<std::string> subscriptions;
  std::vector<std::string> heard;
  std::vector<std::uint16_t> acknowledged;
  int lost = 0;

  Client(const Mosquitto& broker, std::string name, std::vector<std::string> topics = {},
         const char* password = "secret", std::uint16_t keep_alive_s = 15)
      : id(std::move(name)), will_topic("status/" + id), subscriptions(std::move(topics)) {
    skiclock::MqttSettings settings;
    settings.broker.host = "127.0.0.1";
    settings.broker.port = broker.port();
    settings.broker.trust = skiclock::Trust::kPlain;
    settings.client_id = text_of(id.c_str());
    settings.username = text_of("clock");
    settings.password = text_of(password);
    settings.will_topic = text_of(will_topic.c_str());
    settings.will_payload = text_of("gone");
    settings.keep_alive_s = keep_alive_s;
    session.start(settings, now_ms());
  }

  void on_connected() override {
    std::vector<const char*> filters;
    for (const std::string& topic : subscriptions) filters.push_back(topic.c_str());
    if (!filters.empty()) session.subscribe(filters.data(), filters.size());
  }
  void on_message(Text topic, Bytes payload, bool is_retained) override {
    heard.push_back(std::string(topic.data, topic.size) + "=" +
                    std::string(reinterpret_cast<const char*>(payload.data), payload.size) +
                    (is_retained ? " (kept)" : ""));
  }
  void on_acknowledged(std::uint16_t packet_id) override { acknowledged.push_back(packet_id); }
  void on_lost() override { ++lost; }

  bool has_heard(const std::string& message) const {
    return std::find(heard.begin(), heard.end(), message) != heard.end();
  }
  bool say(const std::string& topic, const std::string& payload, bool is_retained = false) {
    return session.publish(text_of(topic.c_str()), bytes_of(text_of(payload.c_str())), is_retained);
  }
};

// Polls the clients until something is so; false after a time that a busy machine may need.
bool until(std::initializer_list<Client*> clients, const std::function<bool()>& is_so) {
  const std::uint32_t begin = now_ms();
  while (!is_so()) {
    if (now_ms() - begin > 60000) return false;
    for (Client* client : clients) client->session.poll(now_ms());
    (*clients.begin())->stream.wait();
  }
  return true;
}

bool is_missing() {
  if (Mosquitto::is_installed()) return false;
  MESSAGE("not run: mosquitto and mosquitto_passwd are not installed");
  return true;
}

}  // namespace

TEST_CASE("real broker: messages of both qualities arrive, kept ones are marked") {
  if (is_missing()) return;
  Mosquitto broker;
  Client early(broker, "early");
  REQUIRE(until({&early}, [&] { return early.session.is_connected(); }));
  CHECK(early.say("news/kept", "old", true));
  const std::uint16_t id = early.session.publish_acknowledged(
      text_of("news/sure"), bytes_of(text_of("yes")), now_ms(), true);
  REQUIRE(until({&early}, [&] { return !early.acknowledged.empty(); }));
  CHECK(early.acknowledged == std::vector<std::uint16_t>{id});

  Client late(broker, "late", {"news/#"});
  REQUIRE(until({&late, &early}, [&] { return late.heard.size() == 2; }));
  CHECK(late.has_heard("news/kept=old (kept)"));
  CHECK(late.has_heard("news/sure=yes (kept)"));
  CHECK(early.say("news/now", "new"));
  REQUIRE(until({&late, &early}, [&] { return late.heard.size() == 3; }));
  CHECK(late.has_heard("news/now=new"));
}

TEST_CASE("real broker: a wrong password is known as one") {
  if (is_missing()) return;
  Mosquitto broker;
  Client stranger(broker, "stranger", {}, "guess");
  REQUIRE(until({&stranger},
                [&] { return stranger.session.problem() == MqttProblem::kBadCredentials; }));
  CHECK(stranger.session.state() == MqttState::kWaiting);
}

TEST_CASE("real broker: the will is published when the line breaks, not after a goodbye") {
  if (is_missing()) return;
  Mosquitto broker;
  Client watcher(broker, "watcher", {"status/+"});
  Client polite(broker, "polite");
  Client rude(broker, "rude");
  REQUIRE(until({&watcher, &polite, &rude}, [&] {
    return watcher.session.is_connected() && polite.session.is_connected() &&
           rude.session.is_connected();
  }));
  polite.say("status/polite", "bye", true);
  polite.session.stop(now_ms());
  REQUIRE(until({&watcher, &polite}, [&] { return watcher.has_heard("status/polite=bye"); }));
  REQUIRE(
      until({&watcher, &polite}, [&] { return polite.session.state() == MqttState::kStopped; }));
  rude.stream.close();
  REQUIRE(until({&watcher}, [&] { return watcher.has_heard("status/rude=gone"); }));
  CHECK_FALSE(watcher.has_heard("status/polite=gone"));
}

TEST_CASE("real broker: messages too large do not stop the ones behind them") {
  if (is_missing()) return;
  Mosquitto broker;
  Client small(broker, "small", {"in/#"});
  Client other(broker, "other");
  REQUIRE(until({&small, &other},
                [&] { return small.session.is_connected() && other.session.is_connected(); }));
  small.say("in/small", "subscribed");
  REQUIRE(until({&small, &other}, [&] { return small.has_heard("in/small=subscribed"); }));
  // Through a raw line, because our own session refuses to send such a thing. More of them than
  // a broker keeps unacknowledged (20 in mosquitto).
  const std::string topic = "in/large";
  const std::string payload(3000, 'x');
  std::vector<std::uint8_t> bytes(4000);
  for (int i = 0; i < 30; ++i) {
    skiclock::MqttBuffer out{bytes.data(), bytes.size()};
    skiclock::MqttPublish publish;
    publish.topic = text_of(topic.c_str());
    publish.payload = bytes_of(text_of(payload.c_str()));
    publish.packet_id = static_cast<std::uint16_t>(1000 + i);
    REQUIRE(append_publish(publish, out));
    std::size_t sent = 0;
    REQUIRE(until({&small, &other}, [&] {
      sent += other.stream.write({out.data + sent, out.size - sent});
      return sent == out.size;
    }));
  }
  REQUIRE(until({&small, &other}, [&] { return small.session.counters().skipped_packets == 30; }));
  CHECK(other.say("in/small", "after"));
  REQUIRE(until({&small, &other}, [&] { return small.has_heard("in/small=after"); }));
  CHECK(small.lost == 0);
}

TEST_CASE("real broker: it outlives a restart of the broker, and subscribes again") {
  if (is_missing()) return;
  Mosquitto broker;
  Client clock(broker, "clock", {"in/#"});
  REQUIRE(until({&clock}, [&] { return clock.session.is_connected(); }));
  broker.kill();
  REQUIRE(until({&clock}, [&] { return clock.lost == 1; }));
  CHECK(clock.session.problem() == MqttProblem::kClosed);
  broker.start();
  REQUIRE(until({&clock}, [&] { return clock.session.is_connected(); }));
  clock.say("in/echo", "back");
  REQUIRE(until({&clock}, [&] { return clock.has_heard("in/echo=back"); }));
  CHECK(clock.session.counters().connected == 2);
}

TEST_CASE("real broker: an idle clock stays connected beyond the broker's patience") {
  if (is_missing()) return;
  Mosquitto broker;
  Client idle(broker, "idle", {}, "secret", 1);
  REQUIRE(until({&idle}, [&] { return idle.session.is_connected(); }));
  // Twice 1.5 times the keep-alive.
  REQUIRE(
      until({&idle}, [&] { return idle.lost > 0 || idle.session.connected_ms(now_ms()) > 3000; }));
  CHECK(idle.lost == 0);
}
