// Commands and settings from the server.
#include <doctest/doctest.h>

#include "app/clock_story.h"
#include "skiclock/app/command_gate.h"

using story::Clock;
using story::kId;
using story::kNow;

namespace {

// A clock that has met its server and said what it had to say.
struct Met : Clock {
  explicit Met(std::int64_t rtc_time = kNow) : Clock(rtc_time) {
    start();
    run_s(8);
    forget();
  }
};

std::string result_of(Clock& clock) { return clock.last("command/result")["result"].text; }

}  // namespace

TEST_CASE("each command is done once and answered with its id") {
  Met clock;
  for (const std::string words :
       {"\"command\":\"snapshot\"", "\"command\":\"identify\"",
        "\"command\":\"message\",\"text\":\"Hej\"", "\"command\":\"brightness\",\"level\":7",
        "\"command\":\"info\"", "\"command\":\"check\""}) {
    CAPTURE(words);
    clock.forget();
    const std::string id = "id of " + words.substr(11, 4);
    clock.command(id, words);
    clock.run_s(1);
    CHECK(result_of(clock) == "done");
    CHECK(clock.last("command/result")["id"].text == id);
    clock.command(id, words);
    clock.run_s(1);
    CHECK(clock.heard("command/result").size() == 1);
  }
}

TEST_CASE("retained and expired commands are not carried out, unknown ones are refused") {
  Met clock;
  clock.command("a", "\"command\":\"info\"", kNow * 2, true);
  clock.run_s(1);
  CHECK(clock.heard("command/result").empty());
  CHECK(clock.heard("info").empty());
  clock.command("b", "\"command\":\"info\"", kNow - 5);
  clock.run_s(1);
  CHECK(result_of(clock) == "expired");
  CHECK(clock.heard("info").empty());
  clock.command("c", "\"command\":\"dance\"");
  clock.run_s(1);
  CHECK(result_of(clock) == "refused");
  clock.say("command", "no JSON at all");
  clock.run_s(1);
  CHECK(clock.heard("command/result").size() == 2);
}

TEST_CASE("without a time nothing that could come too late does harm") {
  Met clock(0);
  clock.command("a", "\"command\":\"restart\"");
  clock.run_s(5);
  CHECK(result_of(clock) == "refused");
  CHECK_FALSE(clock.has_restarted());
  clock.command("b", "\"command\":\"info\"", 1);
  clock.run_s(1);
  CHECK(result_of(clock) == "done");
}

TEST_CASE("a restart is answered, said goodbye to, and not done again by a repetition") {
  Met clock;
  clock.command("restart once", "\"command\":\"restart\"");
  clock.run_s(10);
  REQUIRE(clock.has_restarted());
  CHECK(result_of(clock) == "done");
  CHECK(clock.broker.goodbyes == 1);
  CHECK_FALSE(clock.last("status")["online"].truth);
  clock.start("software");
  clock.run_s(8);
  clock.command("restart once", "\"command\":\"restart\"");
  clock.run_s(10);
  CHECK_FALSE(clock.has_restarted());
  CHECK(clock.has_event("command restart"));
}

TEST_CASE("a message is shown for its time, and identify and brightness end") {
  Met clock;
  clock.command("a", "\"command\":\"message\",\"text\":\"HEJ\",\"seconds\":20");
  clock.run_s(2);
  const skiclock::Frame with_message = clock.panels.shown;
  clock.run_s(30);
  bool differs = false;
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 32; ++x) {
      differs = differs || with_message.at(x, y) != clock.panels.shown.at(x, y);
    }
  }
  CHECK(differs);
  const int usual = clock.panels.colours.colour[1].red;
  clock.command("b", "\"command\":\"brightness\",\"level\":5,\"seconds\":10");
  clock.run_s(1);
  CHECK(clock.panels.colours.colour[1].red < usual);
  clock.run_s(12);
  CHECK(clock.panels.colours.colour[1].red == usual);
}

TEST_CASE("a snapshot is the picture that the panels show") {
  Met clock;
  clock.command("a", "\"command\":\"snapshot\"");
  clock.run_s(1);
  const auto snapshot = clock.last("snapshot");
  CHECK(snapshot["width"].number == 32);
  CHECK(snapshot["height"].number == 16);
  CHECK(snapshot["bits"].text.size() == (32 * 16 / 4 + 2) / 3 * 4);
  CHECK(snapshot["palette"].list.size() == 4);
  CHECK(snapshot["palette"].list[1].text != "000000");
}

TEST_CASE("more commands at once than answers are kept for lose answers, not the clock") {
  Met clock;
  for (int number = 0; number < 12; ++number) {
    clock.command("n" + std::to_string(number), "\"command\":\"info\"");
  }
  clock.run_s(3);
  CHECK(clock.heard("command/result").size() >= 3);
  CHECK(clock.last("info")["device_id"].text == kId);
}

TEST_CASE("a clock whose chip cannot go back says so") {
  Clock clock(kNow, skiclock::fakes::SlotKind::kStaged);
  clock.start();
  clock.run_s(8);
  clock.command("a", "\"command\":\"rollback\"");
  clock.run_s(5);
  CHECK(result_of(clock) == "refused");
  CHECK_FALSE(clock.has_restarted());
}

TEST_CASE("settings are applied whole, reported, and kept over a restart") {
  Met clock;
  clock.say(
      "config",
      R"({"version":7,"settings":{"name":"Start","brightness":12,"timezone":"Europe/Helsinki"}})");
  clock.run_s(2);
  CHECK(clock.last("config/report")["result"].text == "applied");
  CHECK(clock.last("config/report")["version"].number == 7);
  CHECK(clock.last("config/report")["settings"]["name"].text == "Start");
  CHECK(std::string(clock.app->settings().timezone) == "Europe/Helsinki");
  CHECK(clock.broker.connections == 1);
  clock.start("software");
  clock.run_s(8);
  CHECK(clock.last("heartbeat")["config_version"].number == 7);
  CHECK(clock.last("config/report")["settings"]["brightness"].number == 12);
}

TEST_CASE("settings with one bad field change nothing and name it") {
  Met clock;
  clock.say("config", R"({"version":8,"settings":{"name":"Start","brightness":900}})");
  clock.run_s(2);
  CHECK(clock.last("config/report")["result"].text == "refused");
  CHECK(clock.last("config/report")["field"].text == "brightness");
  CHECK(std::string(clock.app->settings().name).empty());
  clock.say("config", R"({"version":9,"settings":{"name":"Kept"}})", true);
  clock.run_s(2);
  CHECK(std::string(clock.app->settings().name).empty());
}

TEST_CASE("another broker is gone to politely") {
  Met clock;
  clock.say("config", R"({"version":3,"settings":{"mqtt_host":"new.example.org"}})");
  clock.run_s(10);
  CHECK(clock.last("config/report")["result"].text == "current");  // told on the new line, too
  CHECK(clock.heard("config/report")[0]["result"].text == "applied");
  CHECK(clock.broker.goodbyes == 1);
  CHECK(clock.broker.host == "new.example.org");
  CHECK(clock.last("status")["online"].truth);
}

TEST_CASE("a broker that is never reached is given up for the one before") {
  Met clock;
  clock.broker.is_reachable = false;  // for whoever connects anew
  clock.say("config", R"({"version":3,"settings":{"mqtt_host":"nowhere.example.org"}})");
  clock.run_s(9 * 60);
  CHECK(clock.broker.host == "nowhere.example.org");
  clock.run_s(3 * 60);
  clock.broker.is_reachable = true;
  clock.run_s(3 * 60);
  CHECK(clock.broker.host == "broker.example.org");
  CHECK(clock.last("status")["online"].truth);
  CHECK(clock.has_event("config taken back"));
}

TEST_CASE("a short press starts the stopwatch, a long one resets the clock") {
  Met clock;
  clock.button.pressed = true;
  clock.run_ms(200);
  clock.button.pressed = false;
  clock.run_s(20);
  CHECK(clock.has_event("button press"));
  clock.say("config", R"({"version":7,"settings":{"name":"Start"}})");
  clock.run_s(2);
  clock.button.pressed = true;
  clock.run_s(9);
  CHECK_FALSE(clock.has_restarted());
  clock.run_s(6);
  REQUIRE(clock.has_restarted());
  CHECK(clock.network.name.empty());
  clock.button.pressed = false;
  clock.start("software");
  CHECK(std::string(clock.app->settings().name).empty());
  clock.run_s(10);
  CHECK(clock.has_event("button factory reset"));
}

TEST_CASE("a program that ends says goodbye first") {
  Met clock;
  clock.app->leave(clock.now_ms);
  CHECK_FALSE(clock.app->has_left());
  clock.run_s(3);
  CHECK(clock.app->has_left());
  CHECK(clock.broker.goodbyes == 1);
  CHECK_FALSE(clock.has_restarted());
}

TEST_CASE("the gate remembers eight ids, and those that restart over a restart") {
  using skiclock::Command;
  using skiclock::CommandGate;
  using skiclock::CommandKind;
  using skiclock::CommandVerdict;
  skiclock::fakes::FakeStore store;
  const auto command_of = [](const std::string& id, CommandKind kind) {
    Command command;
    id.copy(command.id, sizeof command.id - 1);
    command.kind = kind;
    command.expires_at_unix_s = kNow + 60;
    return command;
  };
  CommandGate gate(store);
  gate.begin();
  for (int number = 0; number < 8; ++number) {
    CHECK(gate.judge(command_of(std::to_string(number), CommandKind::kInfo), false, kNow) ==
          CommandVerdict::kCarryOut);
  }
  CHECK(gate.judge(command_of("0", CommandKind::kInfo), false, kNow) == CommandVerdict::kIgnore);
  CHECK(gate.judge(command_of("r", CommandKind::kRestart), false, kNow) ==
        CommandVerdict::kCarryOut);
  CHECK(gate.judge(command_of("0", CommandKind::kInfo), false, kNow) == CommandVerdict::kCarryOut);
  CHECK(gate.judge(command_of("x", CommandKind::kInfo), false, kNow + 60) ==
        CommandVerdict::kExpired);
  CommandGate after(store);
  after.begin();
  CHECK(after.judge(command_of("r", CommandKind::kRestart), false, kNow) ==
        CommandVerdict::kIgnore);
}
