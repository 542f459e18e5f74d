// The view: texts are cut to their room, messages have their time.
#include <doctest/doctest.h>

#include <string>

#include "skiclock/display/view.h"

using namespace skiclock;

TEST_CASE("a message is shown for its time and no longer") {
  View view;
  CHECK_FALSE(has_message(view, 0));
  set_message(view, text_of("Start 10:00"), 5000, 2000);
  CHECK(std::string(view.message.text) == "Start 10:00");
  CHECK(has_message(view, 5000));
  CHECK(has_message(view, 6999));
  CHECK_FALSE(has_message(view, 7000));
  set_message(view, text_of(""), 6000, 0);
  CHECK_FALSE(has_message(view, 6000));
}

TEST_CASE("a message has its time across the wrap of the milliseconds") {
  View view;
  const std::uint32_t start_ms = 0xFFFFFFFFU - 500;
  set_message(view, text_of("Mål"), start_ms, 2000);
  CHECK(has_message(view, start_ms + 1999));
  CHECK_FALSE(has_message(view, start_ms + 2000));
}

TEST_CASE("a text that is too long is cut between characters") {
  View view;
  std::string text(kMessageBytes - 2, 'x');
  text += "å";
  set_message(view, Text{text.data(), text.size()}, 0, 1);
  CHECK(std::string(view.message.text) == std::string(kMessageBytes - 2, 'x'));
  const std::string hint(100, 'h');
  set_wifi_hint(view, Text{hint.data(), hint.size()});
  CHECK(std::string(view.wifi_hint.text) == std::string(kHintBytes - 1, 'h'));
  CHECK(view.wifi_hint.is_active);
}

TEST_CASE("an empty hint is none") {
  View view;
  set_wifi_hint(view, text_of("Wi-Fi: SkiClock-Setup"));
  CHECK(view.wifi_hint.is_active);
  set_wifi_hint(view, text_of(""));
  CHECK_FALSE(view.wifi_hint.is_active);
}
