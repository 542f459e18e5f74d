// The states of an update and what leads from one to the next.
#pragma once

#include <cstdint>

namespace skiclock {

enum class UpdateState : std::uint8_t {
  kIdle,         // nothing to do
  kWaiting,      // for its turn, or for memory
  kPreparing,    // checks memory, empties the slot
  kReceiving,    // asks for the image and stores it
  kPausing,      // the connection broke; waits before it resumes
  kReadingBack,  // hashes what is stored
  kVerifying,    // checks the signature over that hash
  kSwitching,    // sets the boot flag
  kRestarting,   // done; waits to be restarted
};

enum class UpdateEvent : std::uint8_t {
  kOffered,   // an offer was accepted
  kTurn,      // the wait is over
  kNoMemory,  // too little heap, for now
  kReady,     // memory and slot are ready
  kBroken,    // the connection broke
  kReceived,  // all bytes are stored
  kHashed,    // they have the offered hash
  kVerified,  // and a known key signed it
  kSwitched,  // the boot flag is set
  kFailed,    // no use to go on
};

// The transition table: the state after an event; an event that means nothing in a state leaves it.
UpdateState next_state(UpdateState state, UpdateEvent event);

}  // namespace skiclock
