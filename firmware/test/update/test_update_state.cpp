// Every state of an update with every event.
#include <doctest/doctest.h>

#include <map>

#include "skiclock/update/update_state.h"

using skiclock::next_state;
using S = skiclock::UpdateState;
using E = skiclock::UpdateEvent;

TEST_CASE("an event leads where it should, and nowhere from a state that it means nothing in") {
  const std::map<S, std::map<E, S>> expected = {
      {S::kIdle, {{E::kOffered, S::kWaiting}}},
      {S::kWaiting, {{E::kOffered, S::kWaiting}, {E::kTurn, S::kPreparing}}},
      {S::kPreparing,
       {{E::kNoMemory, S::kWaiting}, {E::kReady, S::kReceiving}, {E::kFailed, S::kIdle}}},
      {S::kReceiving,
       {{E::kBroken, S::kPausing}, {E::kReceived, S::kReadingBack}, {E::kFailed, S::kIdle}}},
      {S::kPausing, {{E::kTurn, S::kReceiving}}},
      {S::kReadingBack, {{E::kHashed, S::kVerifying}, {E::kFailed, S::kIdle}}},
      {S::kVerifying, {{E::kVerified, S::kSwitching}, {E::kFailed, S::kIdle}}},
      {S::kSwitching, {{E::kSwitched, S::kRestarting}, {E::kFailed, S::kIdle}}},
      {S::kRestarting, {}},
  };
  for (int state = 0; state <= static_cast<int>(S::kRestarting); ++state) {
    for (int event = 0; event <= static_cast<int>(E::kFailed); ++event) {
      CAPTURE(state);
      CAPTURE(event);
      const auto& row = expected.at(static_cast<S>(state));
      const auto found = row.find(static_cast<E>(event));
      const S wanted = found == row.end() ? static_cast<S>(state) : found->second;
      CHECK(next_state(static_cast<S>(state), static_cast<E>(event)) == wanted);
    }
  }
}

TEST_CASE("only a verified image is switched to") {
  for (int state = 0; state <= static_cast<int>(S::kRestarting); ++state) {
    for (int event = 0; event <= static_cast<int>(E::kFailed); ++event) {
      const S from = static_cast<S>(state);
      if (from == S::kSwitching || next_state(from, static_cast<E>(event)) != S::kSwitching)
        continue;
      CHECK(from == S::kVerifying);
      CHECK(static_cast<E>(event) == E::kVerified);
    }
  }
}
