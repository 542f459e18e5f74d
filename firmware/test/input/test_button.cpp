// The push button: bouncing, short and long presses, and the way to a factory reset.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "skiclock/input/button.h"

using namespace skiclock;

namespace {

// A finger and a loop that asks every 10 ms.
class Finger {
 public:
  explicit Finger(std::uint32_t start_ms = 1000) : now_ms_(start_ms) {
    hold(false, 100);
    events.clear();
  }

  void hold(bool pressed, std::uint32_t length_ms) {
    for (std::uint32_t spent_ms = 0; spent_ms < length_ms; spent_ms += 10) poll(pressed);
  }

  void poll(bool pressed) {
    const ButtonEvent event = button.poll(pressed, now_ms_);
    if (event != ButtonEvent::kNone) events.push_back(event);
    now_ms_ += 10;
  }

  void be_away(std::uint32_t length_ms) { now_ms_ += length_ms; }

  std::uint32_t now_ms() const { return now_ms_; }
  std::uint8_t reset_in_s() const { return button.reset_in_s(now_ms_ - 10); }

  Button button;
  std::vector<ButtonEvent> events;

 private:
  std::uint32_t now_ms_;
};

using Events = std::vector<ButtonEvent>;

}  // namespace

TEST_CASE("every state answers every input as the table says") {
  using S = ButtonState;
  using I = ButtonInput;
  using E = ButtonEvent;
  struct Row {
    S from;
    I input;
    S to;
    E event;
  };
  const std::array<Row, 25> rows = {{
      {S::kStuck, I::kNothing, S::kStuck, E::kNone},
      {S::kStuck, I::kPress, S::kStuck, E::kNone},
      {S::kStuck, I::kRelease, S::kUp, E::kNone},
      {S::kStuck, I::kLong, S::kStuck, E::kNone},
      {S::kStuck, I::kFull, S::kStuck, E::kNone},
      {S::kUp, I::kNothing, S::kUp, E::kNone},
      {S::kUp, I::kPress, S::kDown, E::kNone},
      {S::kUp, I::kRelease, S::kUp, E::kNone},
      {S::kUp, I::kLong, S::kUp, E::kNone},
      {S::kUp, I::kFull, S::kUp, E::kNone},
      {S::kDown, I::kNothing, S::kDown, E::kNone},
      {S::kDown, I::kPress, S::kDown, E::kNone},
      {S::kDown, I::kRelease, S::kUp, E::kShortPress},
      {S::kDown, I::kLong, S::kHeld, E::kLongPressBegan},
      {S::kDown, I::kFull, S::kDown, E::kNone},
      {S::kHeld, I::kNothing, S::kHeld, E::kNone},
      {S::kHeld, I::kPress, S::kHeld, E::kNone},
      {S::kHeld, I::kRelease, S::kUp, E::kLongPressCancelled},
      {S::kHeld, I::kLong, S::kHeld, E::kNone},
      {S::kHeld, I::kFull, S::kSpent, E::kFactoryReset},
      {S::kSpent, I::kNothing, S::kSpent, E::kNone},
      {S::kSpent, I::kPress, S::kSpent, E::kNone},
      {S::kSpent, I::kRelease, S::kUp, E::kNone},
      {S::kSpent, I::kLong, S::kSpent, E::kNone},
      {S::kSpent, I::kFull, S::kSpent, E::kNone},
  }};
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.from));
    CAPTURE(static_cast<int>(row.input));
    const ButtonStep taken = step(row.from, row.input);
    CHECK(taken.to == row.to);
    CHECK(taken.event == row.event);
  }
}

TEST_CASE("a short press is heard on release and dated at the first contact") {
  Finger finger;
  const std::uint32_t first_contact_ms = finger.now_ms();
  finger.hold(true, 200);
  CHECK(finger.events.empty());
  finger.hold(false, 100);
  CHECK(finger.events == Events{ButtonEvent::kShortPress});
  CHECK(finger.button.pressed_at_ms() == first_contact_ms);
}

TEST_CASE("a contact that bounces is one press") {
  Finger finger;
  for (int bounce = 0; bounce < 5; ++bounce) {
    finger.poll(true);
    finger.poll(false);
  }
  finger.hold(true, 200);
  for (int bounce = 0; bounce < 5; ++bounce) {
    finger.poll(false);
    finger.poll(true);
  }
  finger.hold(false, 100);
  CHECK(finger.events == Events{ButtonEvent::kShortPress});
}

TEST_CASE("a spark shorter than the debounce time is nothing") {
  Finger finger;
  finger.hold(true, 30);
  finger.hold(false, 500);
  CHECK(finger.events.empty());
}

TEST_CASE("a press held for ten seconds counts down from seven and fires once") {
  Finger finger;
  finger.hold(true, 3000);
  CHECK(finger.events.empty());
  CHECK(finger.reset_in_s() == 0);
  finger.poll(true);
  CHECK(finger.events == Events{ButtonEvent::kLongPressBegan});
  CHECK(finger.reset_in_s() == 7);
  finger.hold(true, 1000);
  CHECK(finger.reset_in_s() == 6);
  finger.hold(true, 5990);
  CHECK(finger.reset_in_s() == 1);
  CHECK(finger.events.size() == 1);
  finger.poll(true);
  CHECK(finger.events == Events{ButtonEvent::kLongPressBegan, ButtonEvent::kFactoryReset});
  CHECK(finger.reset_in_s() == 0);
  finger.hold(true, 20000);
  finger.hold(false, 100);
  CHECK(finger.events.size() == 2);
}

TEST_CASE("letting go during the countdown cancels it and is no short press") {
  Finger finger;
  finger.hold(true, 9000);
  CHECK(finger.reset_in_s() > 0);
  finger.hold(false, 100);
  CHECK(finger.events == Events{ButtonEvent::kLongPressBegan, ButtonEvent::kLongPressCancelled});
  CHECK(finger.reset_in_s() == 0);
}

TEST_CASE("letting go at the last moment is letting go") {
  Finger finger;
  finger.hold(true, 9990);
  finger.hold(false, 100);
  CHECK(finger.events == Events{ButtonEvent::kLongPressBegan, ButtonEvent::kLongPressCancelled});
}

TEST_CASE("a button that is pressed at power-on counts only after it was released") {
  Button button;
  for (std::uint32_t now_ms = 0; now_ms < 30000; now_ms += 10) {
    CHECK(button.poll(true, now_ms) == ButtonEvent::kNone);
  }
  CHECK(button.state() == ButtonState::kStuck);
  CHECK(button.reset_in_s(30000) == 0);
  for (std::uint32_t now_ms = 30000; now_ms < 30100; now_ms += 10) button.poll(false, now_ms);
  CHECK(button.state() == ButtonState::kUp);
}

TEST_CASE("a press released while the loop was away does not reset the clock") {
  Finger finger;
  finger.hold(true, 100);
  finger.be_away(15000);
  finger.hold(false, 100);
  CHECK(finger.events == Events{ButtonEvent::kShortPress});
}

TEST_CASE("two presses with the loop away between them are not one long one") {
  Finger finger;
  finger.hold(true, 100);
  finger.be_away(15000);
  finger.hold(true, 2900);
  CHECK(finger.events.empty());
  finger.hold(true, 200);
  CHECK(finger.events == Events{ButtonEvent::kLongPressBegan});
  CHECK(finger.reset_in_s() == 7);
}

TEST_CASE("presses are heard across the wrap of the milliseconds") {
  Finger finger(0xFFFFFFFFU - 1500);
  finger.hold(true, 2000);
  finger.hold(false, 100);
  CHECK(finger.events == Events{ButtonEvent::kShortPress});
  finger.hold(true, 10100);
  CHECK(finger.events.back() == ButtonEvent::kFactoryReset);
}
