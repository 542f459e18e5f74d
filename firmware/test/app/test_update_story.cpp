// An update from the offer to the server's last acknowledgement, over restarts.
#include <doctest/doctest.h>

#include <algorithm>

#include "app/clock_story.h"

using story::Clock;
using story::kNew;
using story::kNow;
using story::kOld;

namespace {

std::size_t final_words(const Clock& clock) {
  const auto all = clock.heard("ota/complete");
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& one) { return one["final"].truth; }));
}

}  // namespace

TEST_CASE("an offer becomes a new version that proves itself") {
  Clock clock;
  clock.publish_update(kNew);
  clock.start();
  clock.run_s(60);
  REQUIRE(clock.has_restarted());
  CHECK(clock.heard("ota/start")[0]["new_version"].text == kNew);
  CHECK(clock.heard("ota/start")[0]["old_version"].text == kOld);
  CHECK(clock.last("ota/progress")["progress"].number > 50);
  CHECK(clock.last("ota/complete")["success"].truth);
  CHECK_FALSE(clock.last("ota/complete")["final"].truth);
  CHECK(clock.images.requests[0].find("GET /api/firmware/linux?version=" + kNew) == 0);
  clock.forget();
  clock.server.offer.clear();
  clock.start("software");
  clock.run_s(20);
  CHECK_FALSE(clock.has_restarted());
  CHECK(clock.heard_v1("heartbeat").empty());
  CHECK(clock.heard("heartbeat")[0]["trial"].truth);
  CHECK(clock.last("ota/complete")["final"].truth);
  CHECK(clock.last("ota/complete")["success"].truth);
  CHECK(clock.last("ota/complete")["version"].text == kNew);
  CHECK(final_words(clock) == 1);
  clock.run_s(120);
  CHECK(clock.last("heartbeat")["trial"].is_null());
  CHECK(clock.last("heartbeat")["version"].text == kNew);
  CHECK(clock.has_event("update on trial"));
}

TEST_CASE("the panel and the light show an update while it runs") {
  Clock clock;
  clock.publish_update(kNew);
  clock.images.piece = 8;
  clock.start();
  while (!clock.app->updates().updater().is_active()) clock.run_ms(100);
  clock.run_ms(300);
  CHECK(clock.app->light() == skiclock::Light::kUpdating);
  CHECK(clock.panels.is_lit());
}

TEST_CASE("a new version without a broker goes back, and the old one says why") {
  Clock clock;
  clock.publish_update(kNew);
  clock.start();
  clock.run_s(60);
  REQUIRE(clock.has_restarted());
  clock.broker.is_reachable = false;
  clock.start("software");
  clock.run_s(170);
  CHECK_FALSE(clock.has_restarted());
  clock.run_s(20);
  REQUIRE(clock.has_restarted());
  clock.broker.is_reachable = true;
  clock.forget();
  clock.start("software");
  clock.run_s(30);
  CHECK(clock.last("heartbeat")["version"].text == kOld);
  const auto words = clock.heard("ota/complete");
  REQUIRE_FALSE(words.empty());
  CHECK_FALSE(words[0]["success"].truth);
  CHECK(words[0]["final"].truth);
  CHECK(words[0]["error_message"].text.find("no broker") != std::string::npos);
  // It is still offered, and not tried again.
  clock.run_s(60);
  CHECK_FALSE(clock.has_restarted());
  CHECK(clock.slot.running().find(kOld) != std::string::npos);
}

TEST_CASE("a result is told until the server has it") {
  Clock clock;
  clock.publish_update(kNew, images::kStranger);
  clock.server.acknowledges = false;
  clock.start();
  clock.run_s(60);
  CHECK(final_words(clock) >= 2);
  CHECK(clock.last("ota/complete")["error_message"].text.find("sign") != std::string::npos);
  CHECK(clock.images.requests.empty());
  clock.server.acknowledges = true;
  clock.server.offer.clear();
  clock.run_s(400);
  clock.forget();
  clock.run_s(700);
  CHECK(final_words(clock) == 0);
}

TEST_CASE("a first-generation server is told a result once, in its words") {
  Clock clock;
  clock.publish_update(kNew, images::kStranger);
  clock.server.protocol = 1;
  clock.start();
  clock.run_s(700);
  const auto words = clock.heard_v1("ota/complete");
  REQUIRE(words.size() == 1);
  CHECK_FALSE(words[0]["success"].truth);
  CHECK(words[0]["final"].is_null());
}

TEST_CASE("what is offered to a version on trial waits until it has proved itself") {
  Clock clock;
  clock.publish_update(kNew);
  clock.start();
  clock.run_s(60);
  REQUIRE(clock.has_restarted());
  const std::string newest = "2026.1.1.3";
  clock.publish_update(newest);
  clock.server.acknowledges = false;
  clock.start("software");
  clock.run_s(30);
  CHECK_FALSE(clock.app->updates().updater().is_active());
  clock.server.acknowledges = true;
  clock.live_s(90);
  CHECK(clock.slot.running().find(newest) != std::string::npos);
}

TEST_CASE("by command the clock goes back to the version before") {
  Clock clock;
  clock.publish_update(kNew);
  clock.start();
  clock.run_s(60);
  clock.server.offer.clear();
  clock.start("software");
  clock.run_s(30);
  clock.command("back", "\"command\":\"rollback\"");
  clock.run_s(10);
  REQUIRE(clock.has_restarted());
  CHECK(clock.last("command/result")["result"].text == "done");
  CHECK(clock.slot.running().find(kOld) != std::string::npos);
}

TEST_CASE("where two TLS lines do not fit, the broker is left for the download") {
  Clock clock;
  clock.build.needs_line_alone = true;
  clock.images.piece = 16;
  clock.publish_update(kNew);
  clock.start();
  while (clock.images.answer_bytes < 4000) clock.run_ms(100);
  CHECK_FALSE(clock.app->uplink().session().is_connected());
  CHECK(clock.broker.goodbyes == 1);
  CHECK(clock.heard("ota/start").size() == 1);
  clock.run_s(120);
  CHECK(clock.has_restarted());
}

TEST_CASE("a download that fails gives the line back") {
  Clock clock;
  clock.build.needs_line_alone = true;
  clock.images.status = 404;
  clock.publish_update(kNew);
  clock.start();
  clock.run_s(30);
  CHECK_FALSE(clock.has_restarted());
  CHECK(clock.app->uplink().session().is_connected());
  CHECK(final_words(clock) >= 1);
  CHECK(clock.has_event("update failed"));
}

TEST_CASE("an update that the power interrupted is taken up again once the server knows") {
  Clock clock;
  clock.publish_update(kNew);
  clock.images.piece = 16;
  clock.start();
  while (clock.images.answer_bytes < 4000) clock.run_ms(100);
  clock.pull_plug();
  clock.live_s(90);
  const auto words = clock.heard("ota/complete");
  const auto ended =
      std::find_if(words.begin(), words.end(), [](const auto& one) { return one["final"].truth; });
  REQUIRE(ended != words.end());
  CHECK_FALSE((*ended)["success"].truth);
  CHECK((*ended)["error_message"].text.find("restarted before the update was complete") !=
        std::string::npos);
  CHECK(clock.slot.running().find(kNew) != std::string::npos);
}
