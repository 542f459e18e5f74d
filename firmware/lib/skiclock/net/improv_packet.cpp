// Improv Serial's packets: found among other bytes, and made.
#include "skiclock/net/improv.h"

namespace skiclock {
namespace {

constexpr std::uint8_t kHeader[] = {'I', 'M', 'P', 'R', 'O', 'V', 1};  // the last is the version
constexpr std::size_t kTypeAt = sizeof kHeader;
constexpr std::size_t kLengthAt = kTypeAt + 1;
constexpr std::size_t kDataAt = kLengthAt + 1;

std::uint8_t checksum_of(const std::uint8_t* bytes, std::size_t size) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += bytes[i];
  return static_cast<std::uint8_t>(sum);
}

}  // namespace

ImprovReader::Result ImprovReader::take(std::uint8_t byte) {
  if (size_ < sizeof kHeader && byte != kHeader[size_]) {
    // The header's first letter comes only once in it, so no beginning is missed.
    size_ = byte == kHeader[0] ? 1 : 0;
    return Result::kMore;
  }
  // The checksum is not kept.
  const bool is_last = size_ >= kDataAt && size_ == kDataAt + bytes_[kLengthAt];
  if (!is_last) {
    bytes_[size_++] = byte;
    return Result::kMore;
  }
  const bool is_good = byte == checksum_of(bytes_, size_);
  size_ = 0;
  return is_good ? Result::kPacket : Result::kBroken;
}

ImprovPacket ImprovReader::packet() const {
  return {static_cast<ImprovType>(bytes_[kTypeAt]), {bytes_ + kDataAt, bytes_[kLengthAt]}};
}

std::size_t write_improv_packet(ImprovType type, Bytes data, std::uint8_t* buffer,
                                std::size_t capacity) {
  const std::size_t size = 1 + kDataAt + data.size + 2;
  if (data.size > 255 || size > capacity) return 0;
  std::uint8_t* packet = buffer + 1;
  buffer[0] = '\n';  // ends a line of the log that may have been begun
  std::memcpy(packet, kHeader, sizeof kHeader);
  packet[kTypeAt] = static_cast<std::uint8_t>(type);
  packet[kLengthAt] = static_cast<std::uint8_t>(data.size);
  if (data.size > 0) std::memcpy(packet + kDataAt, data.data, data.size);
  packet[kDataAt + data.size] = checksum_of(packet, kDataAt + data.size);
  packet[kDataAt + data.size + 1] = '\n';
  return size;
}

}  // namespace skiclock
