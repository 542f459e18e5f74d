// The clock's flash on Linux: two slots for programs and the boot flags, in one folder.
#pragma once

#include <string>

#include "boot_flags.h"
#include "faults.h"
#include "skiclock/ports.h"

namespace skiclock::host {

// Between a clock and its boot loader: what ended it on purpose.
inline constexpr int kExitRestart = 90;
inline constexpr int kExitPowerCut = 91;

// Names of what the boot loader tells the program in its environment.
inline constexpr char kSlotVariable[] = "SKICLOCK_SLOT";
inline constexpr char kReasonVariable[] = "SKICLOCK_RESET_REASON";
inline constexpr char kLifeVariable[] = "SKICLOCK_LIFE";  // 0 at the first start, then 1, 2, ...

std::string slot_path(const std::string& folder, int slot);
std::string flags_path(const std::string& folder);

// Writes a program into a slot and makes it the confirmed one, as flashing over USB does.
bool flash_whole(const std::string& folder, const std::string& program);

// The slot beside the one that runs.
class FileSlot : public SlotPort {
 public:
  FileSlot(std::string folder, int own_slot, std::uint32_t capacity_bytes, const Faults& faults);
  ~FileSlot() override;
  std::uint32_t capacity_bytes() override { return capacity_bytes_; }
  bool begin(std::uint32_t image_bytes) override;
  bool write(Bytes piece) override;
  bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) override;
  bool activate() override;
  void abandon() override;
  BootState boot_state() override;
  bool can_roll_back() override { return true; }
  void confirm() override;
  void roll_back() override;

 private:
  bool store(const std::uint8_t* data, std::size_t size);
  void close();
  // Ends the program at once, as a pulled plug does.
  [[noreturn]] static void cut_power();

  std::string folder_;
  int own_;
  int other_;
  std::uint32_t capacity_bytes_;
  const Faults& faults_;
  int file_ = -1;
  std::uint32_t written_ = 0;
};

}  // namespace skiclock::host
