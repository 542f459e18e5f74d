// Named records in bare flash that survive a power cut at any byte: for chips without NVS.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

// A piece of NOR flash that is ours alone: erasing sets every bit of a sector, writing clears bits.
class FlashRegion {
 public:
  virtual ~FlashRegion() = default;
  virtual bool erase_sector(std::uint32_t offset) = 0;
  // Offset and size are multiples of four.
  virtual bool write(std::uint32_t offset, Bytes bytes) = 0;
  virtual bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) = 0;
};

inline constexpr std::uint32_t kSectorBytes = 4096;

struct FlashLayout {
  std::uint32_t pages = 2;  // two at least: one is erased while the other holds all
  std::uint32_t page_bytes = kSectorBytes;
};

// Records are appended to a page; the newest of a name counts. When the page is full, what counts
// is copied to the next page, whose header is written last: until then the old page is the one.
//
//   page:   magic, sequence, CRC-32 of both; then records
//   record: size of the name (one byte; 0xFF: none yet), kind, size of the value (two bytes),
//           CRC-32 of those, name and value; name and value, each filled up to four bytes
//
// All numbers are little-endian.
class FlashLog : public StorePort {
 public:
  FlashLog(FlashRegion& flash, FlashLayout layout) : flash_(flash), layout_(layout) {}
  std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) override;
  bool write(const char* key, Bytes record) override;
  bool erase(const char* key) override;

 private:
  struct Entry;
  void mount();
  bool entry_at(std::uint32_t offset, Entry* entry);
  bool find(const char* key, Entry* entry);
  bool put(const char* key, std::uint8_t kind, Bytes record);
  bool put_on_next_page(const char* key, std::uint8_t kind, Bytes record);
  bool append(std::uint32_t offset, const char* key, std::uint8_t kind, Bytes record);
  bool copy(const Entry& entry, std::uint32_t to);
  std::uint32_t page_start() const { return page_ * layout_.page_bytes; }
  std::uint32_t page_end() const { return page_start() + layout_.page_bytes; }
  std::uint32_t end_of_page(std::uint32_t offset) const {
    return (offset / layout_.page_bytes + 1) * layout_.page_bytes;
  }

  FlashRegion& flash_;
  FlashLayout layout_;
  bool is_mounted_ = false;
  std::uint32_t page_ = 0;
  std::uint32_t sequence_ = 0;  // 0: no page holds anything yet
  std::uint32_t end_ = 0;       // where the next record goes; `page_end()` where none may
};

}  // namespace skiclock
