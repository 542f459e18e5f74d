// Which of the two slots boots: what the ESP32's boot loader keeps in `otadata`, as a file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace skiclock::host {

enum class SlotState {
  kEmpty,    // holds nothing that could boot
  kNew,      // written and chosen, not yet booted
  kOnTrial,  // booted, not yet confirmed
  kValid,    // confirmed
  kInvalid,  // gave itself up
  kAborted,  // ended on trial without a word: a crash, a power cut, a hang
};

struct SlotRecord {
  SlotState state = SlotState::kEmpty;
  std::uint64_t size = 0;
  std::string sha256;
};

struct BootFlags {
  int active = 0;  // slot 0 is "a", slot 1 is "b"
  SlotRecord slots[2];
};

// Missing or damaged: nothing is flashed.
BootFlags read_flags(const std::string& path);
bool write_flags(const std::string& path, const BootFlags& flags);

// What the boot loader does at a start: moves the states on and says which slot to run, -1 where
// none can. `is_whole` tells whether a slot's bytes are those that were activated.
int choose_slot(BootFlags& flags, const std::function<bool(int)>& is_whole);

}  // namespace skiclock::host
