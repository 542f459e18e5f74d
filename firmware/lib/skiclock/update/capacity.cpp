// Whether an image fits.
#include "skiclock/update/capacity.h"

namespace skiclock {

std::uint32_t in_sectors(std::uint32_t bytes) {
  constexpr std::uint32_t kMask = kFlashSectorBytes - 1;
  return bytes > 0xFFFFFFFFU - kMask ? ~kMask : (bytes + kMask) & ~kMask;
}

std::uint32_t free_area_bytes(std::uint32_t running_bytes, std::uint32_t area_end) {
  const std::uint32_t begin = in_sectors(running_bytes);
  const std::uint32_t end = area_end & ~(kFlashSectorBytes - 1);
  return begin < end ? end - begin : 0;
}

bool can_unpack(std::uint32_t packed_bytes, std::uint32_t unpacked_bytes, std::uint32_t area_end) {
  return in_sectors(packed_bytes) <= free_area_bytes(unpacked_bytes, area_end);
}

}  // namespace skiclock
