// The clock's flash on Linux: two slots for programs and the boot flags, in one folder.
#include "flash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "crypto.h"
#include "files.h"

namespace skiclock::host {
namespace {

constexpr std::uint32_t kSectorBytes = 4096;
constexpr unsigned kProgramMode = 0700;

}  // namespace

std::string slot_path(const std::string& folder, int slot) {
  return folder + (slot == 1 ? "/slot_b" : "/slot_a");
}

std::string flags_path(const std::string& folder) { return folder + "/boot"; }

bool flash_whole(const std::string& folder, const std::string& program) {
  const auto bytes = read_file(program);
  if (!bytes) return false;
  BootFlags flags;
  flags.slots[0] = {SlotState::kValid, bytes->size(), sha256_hex(*bytes)};
  return write_file(slot_path(folder, 0), bytes->data(), bytes->size(), kProgramMode) &&
         write_flags(flags_path(folder), flags);
}

FileSlot::FileSlot(std::string folder, int own_slot, std::uint32_t capacity_bytes,
                   const Faults& faults)
    : folder_(std::move(folder)),
      own_(own_slot),
      other_(1 - own_slot),
      capacity_bytes_(capacity_bytes),
      faults_(faults) {}

FileSlot::~FileSlot() { close(); }

bool FileSlot::begin(std::uint32_t image_bytes) {
  close();
  if (image_bytes == 0 || image_bytes > capacity_bytes_) return false;
  BootFlags flags = read_flags(flags_path(folder_));
  flags.slots[other_] = SlotRecord{};
  if (!write_flags(flags_path(folder_), flags)) return false;
  file_ = ::open(slot_path(folder_, other_).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
                 kProgramMode);
  written_ = 0;
  return file_ >= 0;
}

bool FileSlot::write(Bytes piece) {
  if (file_ < 0 || written_ + piece.size > capacity_bytes_) return false;
  if (faults_.flash_is_full && written_ + piece.size > kSectorBytes) return false;
  const auto is_in_piece = [&](const std::optional<std::uint32_t>& byte) {
    return byte && *byte >= written_ && *byte < written_ + piece.size;
  };
  if (is_in_piece(faults_.power_cut_at_byte)) {
    store(piece.data, *faults_.power_cut_at_byte - written_);
    cut_power();
  }
  if (!is_in_piece(faults_.corrupt_byte)) return store(piece.data, piece.size);
  std::vector<std::uint8_t> damaged(piece.data, piece.data + piece.size);
  damaged[*faults_.corrupt_byte - written_] ^= 0x10;
  return store(damaged.data(), damaged.size());
}

bool FileSlot::store(const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t stored = ::pwrite(file_, data, size, written_);
    if (stored <= 0) return false;
    data += stored;
    size -= static_cast<std::size_t>(stored);
    written_ += static_cast<std::uint32_t>(stored);
  }
  return true;
}

bool FileSlot::read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) {
  if (file_ < 0 || offset > written_ || size > written_ - offset) return false;
  return ::pread(file_, buffer, size, offset) == static_cast<ssize_t>(size);
}

bool FileSlot::activate() {
  if (file_ < 0 || ::fsync(file_) != 0) return false;
  close();
  const auto bytes = read_file(slot_path(folder_, other_));
  if (!bytes) return false;
  BootFlags flags = read_flags(flags_path(folder_));
  flags.active = other_;
  flags.slots[other_] = {SlotState::kNew, bytes->size(), sha256_hex(*bytes)};
  return write_flags(flags_path(folder_), flags);
}

void FileSlot::abandon() { close(); }

BootState FileSlot::boot_state() {
  const SlotState state = read_flags(flags_path(folder_)).slots[own_].state;
  return state == SlotState::kOnTrial ? BootState::kOnTrial : BootState::kConfirmed;
}

void FileSlot::confirm() {
  BootFlags flags = read_flags(flags_path(folder_));
  flags.slots[own_].state = SlotState::kValid;
  write_flags(flags_path(folder_), flags);
}

void FileSlot::roll_back() {
  BootFlags flags = read_flags(flags_path(folder_));
  if (flags.slots[other_].state != SlotState::kValid) return;
  flags.slots[own_].state = SlotState::kInvalid;
  flags.active = other_;
  if (write_flags(flags_path(folder_), flags)) std::exit(kExitRestart);
}

void FileSlot::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void FileSlot::cut_power() { ::_exit(kExitPowerCut); }

}  // namespace skiclock::host
