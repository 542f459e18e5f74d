// Where the next program is laid down: the flash between the running one and the records.
//
// Not the core's Updater: it does not let what it wrote be read back before it activates it, and
// it changes the first bytes of an image that is not packed, so that its hash is another.
#include "slot.h"

#include <Arduino.h>
#include <eboot_command.h>
#include <flash_hal.h>

namespace skiclock {
namespace {

constexpr std::uint32_t kSectorBytes = 4096;

std::uint32_t rounded_up(std::uint32_t bytes) {
  return (bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
}

}  // namespace

std::uint32_t Slot::capacity_bytes() { return FS_PHYS_ADDR - rounded_up(ESP.getSketchSize()); }

bool Slot::begin(std::uint32_t image_bytes) {
  if (image_bytes == 0 || rounded_up(image_bytes) > capacity_bytes()) return false;
  start_ = FS_PHYS_ADDR - rounded_up(image_bytes);
  size_ = image_bytes;
  written_ = 0;
  return true;
}

bool Slot::write(Bytes piece) {
  if (piece.size > size_ - written_) return false;
  while (piece.size > 0) {
    const std::uint32_t place = start_ + written_;
    const std::uint32_t left = kSectorBytes - place % kSectorBytes;
    const std::size_t size = piece.size < left ? piece.size : left;
    if (place % kSectorBytes == 0 && !ESP.flashEraseSector(place / kSectorBytes)) return false;
    if (!ESP.flashWrite(place, piece.data, size)) return false;
    piece = Bytes{piece.data + size, piece.size - size};
    written_ += size;
  }
  return true;
}

bool Slot::read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) {
  return offset + size <= written_ && ESP.flashRead(start_ + offset, buffer, size);
}

bool Slot::activate() {
  if (size_ == 0 || written_ != size_) return false;
  eboot_command command = {};
  command.action = ACTION_COPY_RAW;
  command.args[0] = start_;
  command.args[1] = 0;
  command.args[2] = size_;
  eboot_command_write(&command);
  size_ = 0;
  return true;
}

}  // namespace skiclock
