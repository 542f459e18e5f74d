// The application slot that does not run, and the boot loader's trial of a new image.
#pragma once

#include <esp_ota_ops.h>

#include "skiclock/ports.h"

namespace skiclock {

class Slot : public SlotPort {
 public:
  std::uint32_t capacity_bytes() override;
  bool begin(std::uint32_t image_bytes) override;
  bool write(Bytes piece) override;
  bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) override;
  bool activate() override;
  void abandon() override;
  BootState boot_state() override;
  bool can_roll_back() override;
  void confirm() override;
  void roll_back() override;

 private:
  const esp_partition_t* partition_ = nullptr;
  esp_ota_handle_t handle_ = 0;
};

}  // namespace skiclock
