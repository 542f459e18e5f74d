// How updates write their records to flash.
#include "skiclock/update/record.h"

namespace skiclock {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kCrcBytes = 4;

std::uint32_t number_at(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

}  // namespace

std::uint32_t crc32(Bytes bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (std::size_t i = 0; i < bytes.size; ++i) {
    crc ^= bytes.data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

RecordWriter::RecordWriter(char kind) {
  add_byte(static_cast<std::uint8_t>(kind));
  add_byte(kFormat);
}

RecordWriter& RecordWriter::add_byte(std::uint8_t byte) {
  fits_ = fits_ && size_ < sizeof bytes_;
  if (fits_) bytes_[size_++] = byte;
  return *this;
}

RecordWriter& RecordWriter::add_number(std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) add_byte(static_cast<std::uint8_t>(number >> shift));
  return *this;
}

RecordWriter& RecordWriter::add_text(const char* terminated) {
  const std::size_t size = std::strlen(terminated);
  fits_ = fits_ && size <= 0xFF;
  add_byte(static_cast<std::uint8_t>(size));
  for (std::size_t i = 0; i < size; ++i) add_byte(static_cast<std::uint8_t>(terminated[i]));
  return *this;
}

Bytes RecordWriter::finish() {
  add_number(crc32({bytes_, size_}));
  return {bytes_, fits_ ? size_ : 0};
}

RecordReader::RecordReader(char kind, Bytes record) {
  if (record.size < 2 + kCrcBytes) return;
  const std::size_t size = record.size - kCrcBytes;
  if (crc32({record.data, size}) != number_at(record.data + size)) return;
  if (record.data[0] != static_cast<std::uint8_t>(kind) || record.data[1] != kFormat) return;
  rest_ = {record.data + 2, size - 2};
  is_good_ = true;
}

std::uint8_t RecordReader::take_byte() {
  const std::uint8_t* byte = nullptr;
  return take(1, &byte) ? *byte : std::uint8_t{0};
}

std::uint32_t RecordReader::take_number() {
  const std::uint8_t* bytes = nullptr;
  return take(4, &bytes) ? number_at(bytes) : 0;
}

void RecordReader::take_text(char* to, std::size_t capacity) {
  const std::size_t size = take_byte();
  const std::uint8_t* bytes = nullptr;
  to[0] = '\0';
  is_good_ = is_good_ && size < capacity;
  if (!take(size, &bytes)) return;
  // A terminator inside would make the text shorter than its length says.
  is_good_ = size == 0 || std::memchr(bytes, 0, size) == nullptr;
  if (!is_good_) return;
  if (size > 0) std::memcpy(to, bytes, size);
  to[size] = '\0';
}

bool RecordReader::take(std::size_t size, const std::uint8_t** bytes) {
  is_good_ = is_good_ && size <= rest_.size;
  if (!is_good_) return false;
  *bytes = rest_.data;
  rest_ = {rest_.data + size, rest_.size - size};
  return true;
}

}  // namespace skiclock
