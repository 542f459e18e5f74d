// Topics: written with and without an id, and heard only when they are for this clock.
#include <doctest/doctest.h>

#include <string>

#include "contract/contract.h"
#include "contract/topics.h"

using skiclock::Heard;
using skiclock::heard_on;
using skiclock::Text;
using skiclock::text_of;

TEST_CASE("a topic ends with the clock's id, on first-generation topics without") {
  char topic[skiclock::kTopicCapacity];
  CHECK(write_topic(topic, text_of("skiclock"), "ota/start", text_of("a1b2c3")));
  CHECK(std::string(topic) == "skiclock/ota/start/a1b2c3");
  CHECK(write_topic(topic, text_of("skiclock"), "ota/start", {}));
  CHECK(std::string(topic) == "skiclock/ota/start");
}

TEST_CASE("a topic that does not fit is not written at all") {
  char topic[skiclock::kTopicCapacity];
  const std::string prefix(skiclock::kTopicCapacity - 3, 'p');
  CHECK(write_topic(topic, text_of(prefix.c_str()), "k", {}));
  CHECK(std::string(topic).size() == skiclock::kTopicCapacity - 1);
  CHECK_FALSE(write_topic(topic, text_of(prefix.c_str()), "kk", {}));
  CHECK(std::string(topic).empty());
}

TEST_CASE("each topic for the clock is told apart") {
  const struct {
    const char* topic;
    Heard heard;
  } rows[] = {{"skiclock/version/response/a1b2c3", Heard::kVersionResponse},
              {"skiclock/version/updates", Heard::kVersionUpdates},
              {"skiclock/ack/a1b2c3", Heard::kAck},
              {"skiclock/command/a1b2c3", Heard::kCommand},
              {"skiclock/config/a1b2c3", Heard::kConfig},
              {"skiclock/command/a1b2c", Heard::kNothing},
              {"skiclock/command/a1b2c34", Heard::kNothing},
              {"skiclock/command/a1b2c3/x", Heard::kNothing},
              {"skiclock/command/", Heard::kNothing},
              {"skiclock/command", Heard::kNothing},
              {"skiclock/commandx/a1b2c3", Heard::kNothing},
              {"skiclock/version/updates/a1b2c3", Heard::kNothing},
              {"skiclock", Heard::kNothing},
              {"other/command/a1b2c3", Heard::kNothing},
              {"skiclockx/command/a1b2c3", Heard::kNothing},
              {"", Heard::kNothing}};
  for (const auto& row : rows) {
    CAPTURE(row.topic);
    CHECK(heard_on(text_of(row.topic), text_of("skiclock"), text_of("a1b2c3")) == row.heard);
  }
}
