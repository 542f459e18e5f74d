// Which of the two slots boots: what the ESP32's boot loader keeps in `otadata`, as a file.
#include "boot_flags.h"

#include <array>
#include <sstream>

#include "files.h"

namespace skiclock::host {
namespace {

struct Named {
  SlotState state;
  const char* name;
};

constexpr std::array<Named, 6> kNames{{{SlotState::kEmpty, "empty"},
                                       {SlotState::kNew, "new"},
                                       {SlotState::kOnTrial, "trial"},
                                       {SlotState::kValid, "valid"},
                                       {SlotState::kInvalid, "invalid"},
                                       {SlotState::kAborted, "aborted"}}};

const char* name_of(SlotState state) {
  for (const Named& one : kNames) {
    if (one.state == state) return one.name;
  }
  return "empty";
}

SlotState state_of(const std::string& name) {
  for (const Named& one : kNames) {
    if (name == one.name) return one.state;
  }
  return SlotState::kEmpty;
}

bool can_boot(const SlotRecord& slot) {
  return slot.state == SlotState::kNew || slot.state == SlotState::kValid;
}

}  // namespace

BootFlags read_flags(const std::string& path) {
  BootFlags flags;
  const auto bytes = read_file(path);
  if (!bytes) return flags;
  std::istringstream text(std::string(bytes->begin(), bytes->end()));
  std::string word;
  std::string state;
  text >> word >> state;
  flags.active = state == "b" ? 1 : 0;
  for (SlotRecord& slot : flags.slots) {
    text >> word >> state >> slot.size >> slot.sha256;
    slot.state = text ? state_of(state) : SlotState::kEmpty;
  }
  return flags;
}

bool write_flags(const std::string& path, const BootFlags& flags) {
  std::ostringstream text;
  text << "active " << (flags.active == 1 ? "b" : "a") << "\n";
  const char* name = "a";
  for (const SlotRecord& slot : flags.slots) {
    text << name << " " << name_of(slot.state) << " " << slot.size << " "
         << (slot.sha256.empty() ? "-" : slot.sha256) << "\n";
    name = "b";
  }
  return write_file(path, text.str().data(), text.str().size());
}

int choose_slot(BootFlags& flags, const std::function<bool(int)>& is_whole) {
  SlotRecord& active = flags.slots[flags.active];
  if (active.state == SlotState::kOnTrial) active.state = SlotState::kAborted;
  if (!can_boot(active) || !is_whole(flags.active)) {
    const int other = 1 - flags.active;
    if (flags.slots[other].state != SlotState::kValid || !is_whole(other)) return -1;
    if (can_boot(active)) active.state = SlotState::kInvalid;
    flags.active = other;
  }
  SlotRecord& chosen = flags.slots[flags.active];
  if (chosen.state == SlotState::kNew) chosen.state = SlotState::kOnTrial;
  return flags.active;
}

}  // namespace skiclock::host
