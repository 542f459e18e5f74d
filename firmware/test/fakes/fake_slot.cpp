// Flash of a clock: two slots, boot flags and a boot loader.
#include "fakes/fake_slot.h"

#include <algorithm>
#include <cstring>

namespace skiclock::fakes {

FakeSlot::FakeSlot(std::string program, std::uint32_t capacity, SlotKind kind, Power& power)
    : capacity_(capacity), kind_(kind), power_(power) {
  slots_[0].content = std::move(program);
  slots_[1].flag = Flag::kAborted;
}

bool FakeSlot::begin(std::uint32_t image_bytes) {
  is_open_ = false;
  if (refuses_begin || image_bytes > capacity_ || boot_state() == BootState::kOnTrial) return false;
  for (std::uint32_t block = 0; block < image_bytes; block += kEraseBlock) {
    if (!power_.step()) return false;
    // What remains of an older image loses its beginning first.
    other().content.clear();
    other().flag = Flag::kAborted;
  }
  is_open_ = true;
  return true;
}

bool FakeSlot::write(Bytes piece) {
  if (!is_open_) return false;
  for (std::size_t i = 0; i < piece.size; ++i) {
    const std::uint32_t at = static_cast<std::uint32_t>(other().content.size());
    if (at >= capacity_ || at == refuses_write_at || !power_.step()) return false;
    const std::uint8_t flip = at == flips_bit_at ? 0x10 : 0;
    other().content.push_back(static_cast<char>(piece.data[i] ^ flip));
  }
  return true;
}

bool FakeSlot::read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) {
  if (!power_.is_on() || offset > capacity_ || size > capacity_ - offset) return false;
  if (refuses_read_at >= offset && refuses_read_at - offset < size) return false;
  const std::string& content = other().content;
  std::memset(buffer, 0xFF, size);  // erased flash
  if (offset < content.size()) {
    std::memcpy(buffer, content.data() + offset, std::min(size, content.size() - offset));
  }
  return true;
}

bool FakeSlot::activate() {
  if (!is_open_ || refuses_activate || !power_.step()) return false;
  is_open_ = false;
  if (kind_ == SlotKind::kStaged) {
    is_staged_ = true;
  } else {
    other().flag = Flag::kNew;
    selected_ = 1 - running_;
  }
  return power_.step();
}

void FakeSlot::abandon() { is_open_ = false; }

BootState FakeSlot::boot_state() {
  return slots_[running_].flag == Flag::kPending ? BootState::kOnTrial : BootState::kConfirmed;
}

void FakeSlot::confirm() {
  if (!power_.step()) return;
  slots_[running_].flag = Flag::kValid;
  power_.step();
}

void FakeSlot::roll_back() {
  const bool is_bootable = other().flag == Flag::kValid && has_previous;
  if (!is_bootable || kind_ == SlotKind::kStaged || !power_.step()) return;
  const bool is_told_to = slots_[running_].flag == Flag::kValid && goes_back_on_trial;
  slots_[running_].flag = is_told_to ? Flag::kValid : Flag::kAborted;
  if (is_told_to) other().flag = Flag::kNew;
  selected_ = 1 - running_;
  // The program is no more.
  power_.turn_off();
}

void FakeSlot::boot(bool cold) {
  is_open_ = false;
  if (kind_ == SlotKind::kStaged) {
    if (is_staged_ && !cold) slots_[0].content = slots_[1].content;
    is_staged_ = false;
    return;
  }
  Slot& chosen = slots_[selected_];
  if (chosen.flag == Flag::kPending) chosen.flag = Flag::kAborted;
  if (chosen.flag == Flag::kNew) chosen.flag = Flag::kPending;
  if (chosen.flag == Flag::kAborted) selected_ = 1 - selected_;
  running_ = selected_;
}

}  // namespace skiclock::fakes
