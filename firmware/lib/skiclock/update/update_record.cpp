// The fields of the records that updates keep in flash.
#include "skiclock/update/update_record.h"

#include <cstring>

namespace skiclock {
namespace {

constexpr std::uint16_t kFormat = 1;

}  // namespace

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

Bytes RecordWriter::finish(RecordKind kind) {
  if (!fits_) return {};
  return {bytes_, seal_record(kind, kFormat, bytes_, size_ - kRecordHeaderBytes)};
}

RecordReader::RecordReader(RecordKind kind, Bytes record) {
  Record found;
  is_good_ = open_record(record, kind, &found) && found.version >= kFormat;
  is_newer_format_ = found.version > kFormat;
  if (is_good_) rest_ = found.payload;
}

std::uint8_t RecordReader::take_byte() {
  const std::uint8_t* byte = nullptr;
  return take(1, &byte) ? *byte : std::uint8_t{0};
}

std::uint32_t RecordReader::take_number() {
  std::uint32_t number = 0;
  const std::uint8_t* bytes = nullptr;
  if (!take(4, &bytes)) return 0;
  for (unsigned i = 0; i < 4; ++i) number |= static_cast<std::uint32_t>(bytes[i]) << 8 * i;
  return number;
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
