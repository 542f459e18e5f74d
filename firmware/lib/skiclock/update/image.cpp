// Whether the chip could boot a stored image.
#include "skiclock/update/image.h"

#include "skiclock/update/capacity.h"

namespace skiclock {
namespace {

constexpr std::uint8_t kEspMagic = 0xE9;

bool is_gzip(const std::uint8_t head[2]) { return head[0] == 0x1F && head[1] == 0x8B; }

// gzip ends with the size of what it unpacks to, modulo 2^32 (RFC 1952, ISIZE).
std::uint32_t unpacked_size(const std::uint8_t tail[4]) {
  return static_cast<std::uint32_t>(tail[0]) | static_cast<std::uint32_t>(tail[1]) << 8 |
         static_cast<std::uint32_t>(tail[2]) << 16 | static_cast<std::uint32_t>(tail[3]) << 24;
}

}  // namespace

const char* problem_with_image(SlotPort& slot, std::uint32_t size_bytes, ImageKind kind,
                               std::uint32_t unpack_area_end) {
  if (kind == ImageKind::kAny) return nullptr;
  std::uint8_t head[2];
  std::uint8_t tail[4];
  if (size_bytes < sizeof tail) return "this is not an image for this chip";
  if (!slot.read(0, head, sizeof head) || !slot.read(size_bytes - 4, tail, sizeof tail)) {
    return "the flash could not be read back";
  }
  if (head[0] == kEspMagic) return nullptr;
  if (kind != ImageKind::kEspImageOrGzip || !is_gzip(head)) {
    return "this is not an image for this chip";
  }
  if (!can_unpack(size_bytes, unpacked_size(tail), unpack_area_end)) {
    return "the image does not fit once it is unpacked";
  }
  return nullptr;
}

}  // namespace skiclock
