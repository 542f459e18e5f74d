// How updates write their records to flash: a kind, a format, fields, and a CRC-32 behind them.
#pragma once

#include <cstring>

#include "skiclock/ports.h"

namespace skiclock {

// CRC-32 (IEEE 802.3), bit by bit: records are short and written rarely.
std::uint32_t crc32(Bytes bytes);

inline constexpr std::size_t kMaxRecordBytes = 256;

// Fields one behind the other; texts of up to 255 bytes carry their length.
class RecordWriter {
 public:
  explicit RecordWriter(char kind);
  RecordWriter& add_byte(std::uint8_t byte);
  RecordWriter& add_number(std::uint32_t number);
  RecordWriter& add_text(const char* terminated);
  // The record with its CRC; empty where it did not fit.
  Bytes finish();

 private:
  std::uint8_t bytes_[kMaxRecordBytes];
  std::size_t size_ = 0;
  bool fits_ = true;
};

// Reads what the writer wrote; any other bytes make it not `is_good`, and every field empty.
class RecordReader {
 public:
  RecordReader(char kind, Bytes record);
  std::uint8_t take_byte();
  std::uint32_t take_number();
  // A text that does not fit its buffer is not ours.
  template <std::size_t kCapacity>
  void take_text(char (&to)[kCapacity]) {
    take_text(to, kCapacity);
  }
  // Whether the CRC was right and all fields so far were there.
  bool is_good() const { return is_good_; }
  // Whether, besides, nothing is left.
  bool is_at_end() const { return is_good_ && rest_.size == 0; }

 private:
  void take_text(char* to, std::size_t capacity);
  bool take(std::size_t size, const std::uint8_t** bytes);

  Bytes rest_;
  bool is_good_ = false;
};

}  // namespace skiclock
