// A whole clock on the bench, its broker and its server: what happens to it over minutes and
// restarts, in milliseconds that the test hands out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/fake_broker.h"
#include "app/fake_ports.h"
#include "contract/json_document.h"
#include "fakes/fake_image_server.h"
#include "fakes/fake_slot.h"
#include "fakes/fake_store.h"
#include "fakes/fake_system.h"
#include "fakes/mbedtls_crypto.h"
#include "skiclock/app.h"
#include "update/images.h"

namespace story {

inline const std::string kId = "c10c4";
inline const std::string kOld = "2026.1.1.1";
inline const std::string kNew = "2026.1.1.2";
inline constexpr std::int64_t kNow = 1795000000;

// What the server does by itself when it hears something.
struct Server {
  int protocol = 2;          // of its version responses; 0: it does not answer
  bool acknowledges = true;  // heartbeats, events, results
  std::string version = kOld;
  std::string offer;  // the version response's further fields, an offer
};

class Clock {
 public:
  explicit Clock(std::int64_t rtc_time = kNow,
                 skiclock::fakes::SlotKind kind = skiclock::fakes::SlotKind::kTwoSlots);

  // Starts the program that the slot holds; `reason` is the chip's reset reason.
  void start(const char* reason = "power_on");
  // The main loop and the display's, for so long. Ends early where the clock restarts: then the
  // boot loader has run, and `start` starts what it chose.
  void run_ms(std::uint32_t duration_ms);
  void run_s(std::uint32_t seconds) { run_ms(seconds * 1000); }
  // The power is away for a moment; the boot loader has run.
  void pull_plug();
  bool has_restarted() const { return has_restarted_; }
  // Runs through restarts.
  void live_s(std::uint32_t seconds);

  // What the server says on the clock's topics.
  void say(const std::string& kind, const std::string& payload, bool is_retained = false);
  void command(const std::string& id, const std::string& words, std::int64_t expires_at = kNow * 2,
               bool is_retained = false);
  // Publishes an image as the server would offer it.
  void publish_update(const std::string& version, images::Key key = images::kCurrent);

  // Messages of the clock on `skiclock/<kind>/<id>`, oldest first; on v1's topic without the id.
  std::vector<skiclock::test::Json> heard(const std::string& kind) const;
  std::vector<skiclock::test::Json> heard_v1(const std::string& kind) const;
  skiclock::test::Json last(const std::string& kind) const;
  // Kinds and details of all events that were told, each once, as "kind detail".
  std::vector<std::string> events() const;
  bool has_event(const std::string& beginning) const;
  void forget() {
    broker.published.clear();
    answered_ = 0;
  }

  Server server;
  FakeBroker broker;
  Panels panels;
  Contact button;
  Thermometer thermometer;
  Rtc rtc;
  Udp udp;
  Network network;
  Serial serial;
  skiclock::fakes::FakeImageServer images;
  skiclock::fakes::Power power;
  skiclock::fakes::FakeStore store{power};
  skiclock::fakes::FakeSlot slot;
  skiclock::fakes::FakeSystem system;
  skiclock::Build build;
  skiclock::Wall wall = skiclock::wall_of(2);
  std::unique_ptr<skiclock::App> app;
  std::uint32_t now_ms = 0xFFFFF000;  // wraps soon after the start

 private:
  void answer();
  void answer(const Message& message);
  void reboot();

  skiclock::fakes::MbedSha256 sha256_;
  skiclock::fakes::MbedSignature signatures_;
  skiclock::Machine machine_;
  std::string version_;
  std::size_t answered_ = 0;
  bool has_restarted_ = false;
};

}  // namespace story
