// The stopwatch: countdown, running, result, also when the loop comes late.
#include <doctest/doctest.h>

#include "skiclock/input/stopwatch.h"

using namespace skiclock;

TEST_CASE("the stopwatch steps as its table says") {
  using S = StopwatchState;
  using I = StopwatchInput;
  CHECK(step(S::kIdle, I::kPress) == S::kCountdown);
  CHECK(step(S::kIdle, I::kOver) == S::kIdle);
  CHECK(step(S::kCountdown, I::kPress) == S::kIdle);
  CHECK(step(S::kCountdown, I::kOver) == S::kRunning);
  CHECK(step(S::kRunning, I::kPress) == S::kResult);
  CHECK(step(S::kRunning, I::kOver) == S::kResult);
  CHECK(step(S::kResult, I::kPress) == S::kIdle);
  CHECK(step(S::kResult, I::kOver) == S::kIdle);
}

TEST_CASE("a press counts three, two, one and starts") {
  Stopwatch stopwatch;
  stopwatch.press(1000);
  CHECK(stopwatch.view(1000).count == 3);
  CHECK(stopwatch.view(2000).count == 2);
  CHECK(stopwatch.view(3000).count == 1);
  CHECK(stopwatch.view(3999).count == 1);
  stopwatch.poll(3999);
  CHECK(stopwatch.state() == StopwatchState::kCountdown);
  stopwatch.poll(4000);
  CHECK(stopwatch.state() == StopwatchState::kRunning);
  CHECK(stopwatch.view(4000).elapsed_ms == 0);
}

TEST_CASE("it counts from the end of the countdown to the contact, however late the loop is") {
  Stopwatch stopwatch;
  stopwatch.press(0);
  stopwatch.poll(3017);
  CHECK(stopwatch.view(13000).elapsed_ms == 10000);
  stopwatch.poll(65432);
  stopwatch.press(65400);
  CHECK(stopwatch.state() == StopwatchState::kResult);
  CHECK(stopwatch.view(66000).elapsed_ms == 62400);
}

TEST_CASE("the result stands and flashes for a while, then the clock is a clock again") {
  Stopwatch stopwatch;
  stopwatch.press(0);
  stopwatch.poll(3000);
  stopwatch.press(8000);
  CHECK(stopwatch.view(8750).result_ms == 750);
  stopwatch.poll(8000 + kResultMs - 1);
  CHECK(stopwatch.state() == StopwatchState::kResult);
  CHECK(stopwatch.view(8000 + kResultMs - 1).elapsed_ms == 5000);
  stopwatch.poll(8000 + kResultMs);
  CHECK(stopwatch.state() == StopwatchState::kIdle);
  CHECK(stopwatch.view(8000 + kResultMs).elapsed_ms == 0);
}

TEST_CASE("a press takes a result away or stops a countdown") {
  Stopwatch stopwatch;
  stopwatch.press(0);
  stopwatch.press(1500);
  CHECK(stopwatch.state() == StopwatchState::kIdle);
  stopwatch.press(2000);
  stopwatch.poll(5000);
  stopwatch.press(6000);
  stopwatch.press(7000);
  CHECK(stopwatch.state() == StopwatchState::kIdle);
}

TEST_CASE("a loop that was away for long finds the state that belongs to now") {
  Stopwatch stopwatch;
  stopwatch.press(0);
  stopwatch.poll(3000 + kLongestRunMs + 5);
  CHECK(stopwatch.state() == StopwatchState::kResult);
  CHECK(stopwatch.view(3000 + kLongestRunMs + 5).elapsed_ms == kLongestRunMs);
  stopwatch.poll(3000 + kLongestRunMs + kResultMs);
  CHECK(stopwatch.state() == StopwatchState::kIdle);
}

TEST_CASE("a press shortly before the start, heard after it, makes a result of nothing") {
  Stopwatch stopwatch;
  stopwatch.press(0);
  stopwatch.poll(3010);
  stopwatch.press(2990);
  CHECK(stopwatch.state() == StopwatchState::kResult);
  CHECK(stopwatch.view(3010).elapsed_ms == 0);
}

TEST_CASE("it runs across the wrap of the milliseconds and after a month of rest") {
  Stopwatch stopwatch;
  stopwatch.poll(0x90000000U);
  const std::uint32_t start_ms = 0xFFFFFFFFU - 4000;
  stopwatch.press(start_ms);
  CHECK(stopwatch.view(start_ms + 10).count == 3);
  stopwatch.poll(start_ms + 3000);
  stopwatch.press(start_ms + 13000);
  CHECK(stopwatch.view(start_ms + 13000).elapsed_ms == 10000);
}
