// Where the next program is laid down: the flash between the running one and the records.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

// The boot loader (eboot) copies, and unpacks gzip, at the next start. It goes back to nothing:
// whatever it copied is what the clock has, so `activate` is for images that were verified.
class Slot : public SlotPort {
 public:
  std::uint32_t capacity_bytes() override;
  bool begin(std::uint32_t image_bytes) override;
  bool write(Bytes piece) override;
  bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) override;
  bool activate() override;
  void abandon() override { size_ = 0; }
  BootState boot_state() override { return BootState::kConfirmed; }
  bool can_roll_back() override { return false; }
  void confirm() override {}
  void roll_back() override {}

 private:
  std::uint32_t start_ = 0;
  std::uint32_t size_ = 0;  // 0: no image is being written
  std::uint32_t written_ = 0;
};

}  // namespace skiclock
