// Flash of a clock: two slots, boot flags and a boot loader, any of which the power may leave half
// done. Or, with `kStaged`, the ESP8266's way: one program, and an image that is copied over it.
#pragma once

#include <array>
#include <string>

#include "fakes/power.h"
#include "skiclock/ports.h"

namespace skiclock::fakes {

enum class SlotKind { kTwoSlots, kStaged };

class FakeSlot : public SlotPort {
 public:
  static constexpr std::uint32_t kEraseBlock = 4096;

  // `program` is the image that runs, confirmed.
  FakeSlot(std::string program, std::uint32_t capacity, SlotKind kind = SlotKind::kTwoSlots,
           Power& power = mains());

  std::uint32_t capacity_bytes() override { return capacity_; }
  bool begin(std::uint32_t image_bytes) override;
  bool write(Bytes piece) override;
  bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) override;
  bool activate() override;
  void abandon() override;
  BootState boot_state() override;
  bool can_roll_back() override { return kind_ == SlotKind::kTwoSlots; }
  void confirm() override;
  void roll_back() override;

  // What the boot loader does at a restart; `cold`: the power was away (RTC memory is lost).
  void boot(bool cold);
  // The image that runs, as its bytes. After `roll_back` the power is off until a restart.
  const std::string& running() const { return slots_[running_].content; }

  bool refuses_begin = false;
  bool refuses_activate = false;
  std::uint32_t refuses_write_at = 0xFFFFFFFF;  // the byte at which the flash fails
  std::uint32_t refuses_read_at = 0xFFFFFFFF;
  std::uint32_t flips_bit_at = 0xFFFFFFFF;  // a byte that is stored wrong
  bool has_previous = true;                 // whether there is something to roll back to
  bool goes_back_on_trial = false;          // as the ESP32 does from a confirmed image

 private:
  enum class Flag { kValid, kNew, kPending, kAborted };
  struct Slot {
    std::string content;  // what was written since the erase
    Flag flag = Flag::kValid;
  };

  Slot& other() { return slots_[1 - running_]; }

  std::uint32_t capacity_;
  SlotKind kind_;
  Power& power_;
  std::array<Slot, 2> slots_;
  std::size_t running_ = 0;
  std::size_t selected_ = 0;
  bool is_open_ = false;
  bool is_staged_ = false;  // the command in RTC memory
};

}  // namespace skiclock::fakes
