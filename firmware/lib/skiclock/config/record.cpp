// The envelope of everything of ours in flash, and the entries inside.
#include "skiclock/config/record.h"

#include <cstring>

namespace skiclock {
namespace {

constexpr char kMagic[] = {'S', 'K', 'C'};
constexpr std::size_t kChecksumOffset = 8;

std::uint32_t read_number(const std::uint8_t* at, unsigned bytes) {
  std::uint32_t number = 0;
  for (unsigned i = 0; i < bytes; ++i) number |= static_cast<std::uint32_t>(at[i]) << 8 * i;
  return number;
}

void write_number(std::uint8_t* at, unsigned bytes, std::uint32_t number) {
  for (unsigned i = 0; i < bytes; ++i) at[i] = static_cast<std::uint8_t>(number >> 8 * i);
}

std::uint32_t checksum_of(const std::uint8_t* record, std::size_t payload_size) {
  const std::uint32_t head = crc32({record, kChecksumOffset});
  return crc32({record + kRecordHeaderBytes, payload_size}, head);
}

}  // namespace

// Bit by bit: a table would cost the ESP8266 more RAM than this costs it time.
std::uint32_t crc32(Bytes bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  for (std::size_t i = 0; i < bytes.size; ++i) {
    crc ^= bytes.data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1U ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

bool open_record(Bytes raw, RecordKind kind, Record* record) {
  if (raw.size < kRecordHeaderBytes) return false;
  if (std::memcmp(raw.data, kMagic, sizeof kMagic) != 0) return false;
  if (raw.data[3] != static_cast<std::uint8_t>(kind)) return false;
  const std::size_t payload_size = read_number(raw.data + 6, 2);
  if (payload_size > raw.size - kRecordHeaderBytes) return false;
  const std::uint32_t checksum = read_number(raw.data + kChecksumOffset, 4);
  if (checksum != checksum_of(raw.data, payload_size)) return false;
  record->version = static_cast<std::uint16_t>(read_number(raw.data + 4, 2));
  record->checksum = checksum;
  record->payload = {raw.data + kRecordHeaderBytes, payload_size};
  return true;
}

std::size_t seal_record(RecordKind kind, std::uint16_t version, std::uint8_t* record,
                        std::size_t payload_size) {
  std::memcpy(record, kMagic, sizeof kMagic);
  record[3] = static_cast<std::uint8_t>(kind);
  write_number(record + 4, 2, version);
  write_number(record + 6, 2, static_cast<std::uint32_t>(payload_size));
  write_number(record + kChecksumOffset, 4, checksum_of(record, payload_size));
  return kRecordHeaderBytes + payload_size;
}

bool EntryReader::next(Entry* entry) {
  if (payload_.size - at_ < 2) return false;
  const std::size_t size = payload_.data[at_ + 1];
  if (payload_.size - at_ - 2 < size) return false;
  entry->tag = payload_.data[at_];
  entry->value = text_of(Bytes{payload_.data + at_ + 2, size});
  at_ += 2 + size;
  return true;
}

void EntryWriter::add(std::uint8_t tag, Text value) {
  ok_ = ok_ && value.size <= UINT8_MAX && capacity_ - size_ >= 2 + value.size;
  if (!ok_) return;
  std::memmove(payload_ + size_ + 2, value.data, value.size);
  payload_[size_] = tag;
  payload_[size_ + 1] = static_cast<std::uint8_t>(value.size);
  size_ += 2 + value.size;
}

}  // namespace skiclock
