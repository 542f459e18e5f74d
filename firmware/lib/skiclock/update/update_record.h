// The fields of the records that updates keep in flash, in the envelope of config/record.h.
#pragma once

#include "skiclock/config/record.h"
#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::size_t kMaxUpdateRecordBytes = 256;

// Fields one behind the other: bytes, numbers of four bytes, little-endian, and texts of up to
// 255 bytes behind their length.
class RecordWriter {
 public:
  RecordWriter& add_byte(std::uint8_t byte);
  RecordWriter& add_number(std::uint32_t number);
  RecordWriter& add_text(const char* terminated);
  // The whole record; empty where it did not fit.
  Bytes finish(RecordKind kind);

 private:
  std::uint8_t bytes_[kMaxUpdateRecordBytes];
  std::size_t size_ = kRecordHeaderBytes;
  bool fits_ = true;
};

// Reads what the writer wrote; any other bytes make it not `is_good`, and every field empty.
class RecordReader {
 public:
  RecordReader(RecordKind kind, Bytes record);
  std::uint8_t take_byte();
  std::uint32_t take_number();
  // A text that does not fit its buffer is not ours.
  template <std::size_t kCapacity>
  void take_text(char (&to)[kCapacity]) {
    take_text(to, kCapacity);
  }
  // Whether the envelope was whole and all fields so far were there.
  bool is_good() const { return is_good_; }
  // Whether, besides, nothing is left; a newer firmware may have written more.
  bool is_at_end() const { return is_good_ && (rest_.size == 0 || is_newer_format_); }

 private:
  void take_text(char* to, std::size_t capacity);
  bool take(std::size_t size, const std::uint8_t** bytes);

  Bytes rest_;
  bool is_good_ = false;
  bool is_newer_format_ = false;
};

}  // namespace skiclock
