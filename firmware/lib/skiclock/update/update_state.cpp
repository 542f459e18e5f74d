// The states of an update.
#include "skiclock/update/update_state.h"

namespace skiclock {
namespace {

using S = UpdateState;
using E = UpdateEvent;

struct Transition {
  UpdateState from;
  UpdateEvent event;
  UpdateState to;
};

constexpr Transition kTransitions[] = {
    {S::kIdle, E::kOffered, S::kWaiting},          {S::kWaiting, E::kOffered, S::kWaiting},
    {S::kWaiting, E::kTurn, S::kPreparing},        {S::kPreparing, E::kNoMemory, S::kWaiting},
    {S::kPreparing, E::kReady, S::kReceiving},     {S::kPreparing, E::kFailed, S::kIdle},
    {S::kReceiving, E::kBroken, S::kPausing},      {S::kReceiving, E::kReceived, S::kReadingBack},
    {S::kReceiving, E::kFailed, S::kIdle},         {S::kPausing, E::kTurn, S::kReceiving},
    {S::kReadingBack, E::kHashed, S::kVerifying},  {S::kReadingBack, E::kFailed, S::kIdle},
    {S::kVerifying, E::kVerified, S::kSwitching},  {S::kVerifying, E::kFailed, S::kIdle},
    {S::kSwitching, E::kSwitched, S::kRestarting}, {S::kSwitching, E::kFailed, S::kIdle},
};

}  // namespace

UpdateState next_state(UpdateState state, UpdateEvent event) {
  for (const Transition& transition : kTransitions) {
    if (transition.from == state && transition.event == event) return transition.to;
  }
  return state;
}

}  // namespace skiclock
