// The envelope of everything of ours in flash, and the entries inside: the clock's and the
// server's common ground (the server writes identities).
//
//   offset  size  what
//   0       3     "SKC"
//   3       1     kind: see RecordKind
//   4       2     format version, little-endian (all numbers are)
//   6       2     size of the payload in bytes
//   8       4     CRC-32 (zlib's) over bytes 0..7 and the payload
//   12            payload; what follows it (0xFF of an erased sector) is not read
//
// The payload of 'I' and 'S' is a list of entries, the payload of 'R' one certificate in DER; those
// of updates are in update/update_record.h.
//
//   0       1     tag: a setting's number in backend/contract/settings.py; no tag comes twice. In
//   'S', plus 128
//                 where it was set on the spot and not by a message
//   1       1     size of the value in bytes
//   2             value: the setting's text, as in fields.h
//
// A format's version rises only where an older firmware would misread it. A firmware reads its
// own version, all older ones, and of newer ones what it knows; entries with tags that it does
// not know are newer settings, and are kept when it writes the record anew.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

enum class RecordKind : char {
  kIdentity = 'I',
  kRoot = 'R',  // a certificate authority's
  kSettings = 'S',
  kJournal = 'J',
  kAttempt = 'U',  // an update under way
  kResult = 'E',   // how one ended
  kRefused = 'X',  // versions that are not tried again
};

inline constexpr std::size_t kRecordHeaderBytes = 12;

// zlib's CRC-32; `before` is the checksum of what came before.
std::uint32_t crc32(Bytes bytes, std::uint32_t before = 0);

struct Record {
  std::uint16_t version = 0;
  std::uint32_t checksum = 0;
  Bytes payload;
};

// False: not such a record, cut, or damaged. Total over any bytes.
bool open_record(Bytes raw, RecordKind kind, Record* record);

// Writes the header before a payload of `payload_size` bytes that is already there at
// `record + kRecordHeaderBytes`; returns the size of the whole.
std::size_t seal_record(RecordKind kind, std::uint16_t version, std::uint8_t* record,
                        std::size_t payload_size);

struct Entry {
  std::uint8_t tag = 0;
  Text value;
};

// Walks the entries of a payload; a last one that is cut is not there.
class EntryReader {
 public:
  explicit EntryReader(Bytes payload) : payload_(payload) {}
  bool next(Entry* entry);

 private:
  Bytes payload_;
  std::size_t at_ = 0;
};

// Appends entries to a payload in a buffer; `ok` stays false once one did not fit.
class EntryWriter {
 public:
  EntryWriter(std::uint8_t* payload, std::size_t capacity)
      : payload_(payload), capacity_(capacity) {}
  // `value` may lie in the same buffer, behind what is written so far.
  void add(std::uint8_t tag, Text value);
  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* payload_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace skiclock
