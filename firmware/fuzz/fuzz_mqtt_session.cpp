// A broker that says anything, in any pieces, while the clock talks, stops and starts.
#include <cstdint>

#include "input.h"
#include "line.h"
#include "skiclock/net/mqtt_session.h"

using skiclock::Bytes;
using skiclock::bytes_of;
using skiclock::MqttSession;
using skiclock::Text;
using skiclock::text_of;
using skiclock::fuzz::require;

namespace {

struct Clock : skiclock::MqttListener {
  skiclock::fuzz::Input input;
  skiclock::fuzz::Line line{input};
  skiclock::fuzz::System system;
  MqttSession session{line, system, *this};
  std::uint32_t now_ms = 0xFFFF0000;
  bool is_up = false;
  unsigned sum = 0;

  Clock(const std::uint8_t* data, std::size_t size) : input(data, size) {}

  void on_connected() override {
    require(!is_up);
    is_up = true;
    const char* const filters[] = {"skiclock/command/a1", "skiclock/version/updates"};
    session.subscribe(filters, 2);
  }
  void on_message(Text topic, Bytes payload, bool) override {
    require(is_up && topic.size > 0);
    for (std::size_t i = 0; i < topic.size; ++i) sum += static_cast<std::uint8_t>(topic.data[i]);
    for (std::size_t i = 0; i < payload.size; ++i) sum += payload.data[i];
    session.publish(topic, payload);
    if (sum % 16 == 0) stop();
  }
  void on_acknowledged(std::uint16_t id) override { require(is_up && id != 0); }
  void on_lost() override {
    require(is_up);
    is_up = false;
  }

  void start() {
    skiclock::MqttSettings settings;
    settings.client_id = text_of("SkiClock-a1");
    settings.username = text_of("user");
    settings.password = text_of("secret");
    is_up = false;
    session.start(settings, now_ms);
  }
  void stop() {
    is_up = false;
    session.stop(now_ms);
  }

  void act(unsigned what) {
    switch (what) {
      case 0:
        return start();
      case 1:
        return stop();
      case 2:
        session.set_network(false, now_ms);
        return session.set_network(true, now_ms);
      case 3: {
        skiclock::JsonWriter out = session.draft(text_of("skiclock/heartbeat/a1"));
        out.begin_object().field("n", 1).end_object();
        if (out.ok()) {
          require(session.publish(text_of("skiclock/heartbeat/a1"), bytes_of(out.written())));
        }
        return;
      }
      case 4:
        session.publish_acknowledged(text_of("skiclock/event/a1"), bytes_of(text_of("{}")), now_ms);
        return;
      default:
        now_ms += what * 1000;
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Clock clock(data, size);
  clock.start();
  for (int step = 0; step < 2000 && !clock.input.is_empty(); ++step) {
    clock.session.poll(clock.now_ms);
    clock.now_ms += 100;
    if (step > 20 && step % 8 == 0) clock.act(clock.input.byte() % 40);
    require(clock.session.is_connected() == clock.is_up);
  }
  return 0;
}
