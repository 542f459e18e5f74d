// Named records in bare flash that survive a power cut at any byte: for chips without NVS.
#include "skiclock/store/flash_log.h"

#include <algorithm>
#include <cstring>

#include "skiclock/config/record.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kMagic = 0x474F4C53;  // "SLOG"
constexpr std::uint32_t kPageHeaderBytes = 12;
constexpr std::uint32_t kHeaderBytes = 8;
constexpr std::size_t kMaxKeyBytes = 15;
constexpr std::uint8_t kFree = 0xFF;
constexpr std::uint8_t kValue = 1;
constexpr std::uint8_t kErased = 2;
constexpr std::size_t kPieceBytes = 64;

std::uint32_t padded(std::size_t size) { return static_cast<std::uint32_t>((size + 3) & ~3U); }

void put_u32(std::uint8_t* to, std::uint32_t value) {
  for (int byte = 0; byte < 4; ++byte) to[byte] = static_cast<std::uint8_t>(value >> 8 * byte);
}

std::uint32_t u32_at(const std::uint8_t* from) {
  return from[0] | static_cast<std::uint32_t>(from[1]) << 8 |
         static_cast<std::uint32_t>(from[2]) << 16 | static_cast<std::uint32_t>(from[3]) << 24;
}

}  // namespace

struct FlashLog::Entry {
  std::uint32_t offset = 0;
  std::uint8_t key_size = 0;
  std::uint8_t kind = 0;
  std::uint16_t size = 0;
  char key[kMaxKeyBytes + 1] = {};

  std::uint32_t value_offset() const { return offset + kHeaderBytes + padded(key_size); }
  std::uint32_t end() const { return value_offset() + padded(size); }
};

std::size_t FlashLog::read(const char* key, std::uint8_t* buffer, std::size_t capacity) {
  mount();
  Entry entry;
  if (!find(key, &entry) || entry.kind != kValue || entry.size > capacity) return 0;
  return flash_.read(entry.value_offset(), buffer, entry.size) ? entry.size : 0;
}

bool FlashLog::write(const char* key, Bytes record) {
  mount();
  return put(key, kValue, record);
}

bool FlashLog::erase(const char* key) {
  mount();
  Entry entry;
  if (!find(key, &entry) || entry.kind == kErased) return true;
  return put(key, kErased, Bytes{});
}

// Finds the page with the highest sequence, and in it the end of what was written whole.
void FlashLog::mount() {
  if (is_mounted_) return;
  is_mounted_ = true;
  for (std::uint32_t page = 0; page < layout_.pages; ++page) {
    std::uint8_t header[kPageHeaderBytes];
    if (!flash_.read(page * layout_.page_bytes, header, sizeof header)) continue;
    const std::uint32_t sequence = u32_at(header + 4);
    if (u32_at(header) != kMagic || u32_at(header + 8) != crc32(Bytes{header, 8})) continue;
    if (sequence <= sequence_) continue;
    sequence_ = sequence;
    page_ = page;
  }
  if (sequence_ == 0) {
    page_ = layout_.pages - 1;  // the next one is the first
    end_ = page_end();
    return;
  }
  end_ = page_start() + kPageHeaderBytes;
  Entry entry;
  while (entry_at(end_, &entry)) end_ = entry.end();
  // Behind a record that a power cut tore nothing can be written: the next one goes to a new page.
  std::uint8_t first = 0;
  if (end_ + kHeaderBytes > page_end() || !flash_.read(end_, &first, 1) || first != kFree) {
    end_ = page_end();
  }
}

// Reads a record's header and name; false where none stands there whole.
bool FlashLog::entry_at(std::uint32_t offset, Entry* entry) {
  std::uint8_t header[kHeaderBytes];
  const std::uint32_t limit = end_of_page(offset);
  if (offset % layout_.page_bytes == 0 || offset + kHeaderBytes > limit) return false;
  if (!flash_.read(offset, header, sizeof header)) return false;
  *entry = Entry{};
  entry->offset = offset;
  entry->key_size = header[0];
  entry->kind = header[1];
  entry->size = static_cast<std::uint16_t>(header[2] | header[3] << 8);
  if (entry->key_size == 0 || entry->key_size > kMaxKeyBytes || entry->end() > limit) {
    return false;
  }
  std::uint32_t sum = crc32(Bytes{header, 4});
  std::uint8_t piece[kPieceBytes];
  std::uint32_t at = offset + kHeaderBytes;
  while (at < entry->end()) {
    const std::size_t size = std::min<std::size_t>(sizeof piece, entry->end() - at);
    if (!flash_.read(at, piece, size)) return false;
    if (at == offset + kHeaderBytes) std::memcpy(entry->key, piece, entry->key_size);
    sum = crc32(Bytes{piece, size}, sum);
    at += static_cast<std::uint32_t>(size);
  }
  return sum == u32_at(header + 4);
}

bool FlashLog::find(const char* key, Entry* entry) {
  if (sequence_ == 0) return false;
  bool is_found = false;
  Entry candidate;
  for (std::uint32_t at = page_start() + kPageHeaderBytes; entry_at(at, &candidate);
       at = candidate.end()) {
    if (std::strcmp(candidate.key, key) != 0) continue;
    *entry = candidate;
    is_found = true;
  }
  return is_found;
}

bool FlashLog::put(const char* key, std::uint8_t kind, Bytes record) {
  const std::size_t key_size = std::strlen(key);
  if (key_size == 0 || key_size > kMaxKeyBytes || record.size > UINT16_MAX) return false;
  const std::uint32_t size = kHeaderBytes + padded(key_size) + padded(record.size);
  if (end_ + size <= page_end()) {
    const std::uint32_t offset = end_;
    end_ += size;
    if (append(offset, key, kind, record)) return true;
    end_ = page_end();
  }
  return put_on_next_page(key, kind, record);
}

bool FlashLog::put_on_next_page(const char* key, std::uint8_t kind, Bytes record) {
  const std::uint32_t next = (page_ + 1) % layout_.pages;
  const std::uint32_t start = next * layout_.page_bytes;
  const std::uint32_t limit = start + layout_.page_bytes;
  for (std::uint32_t at = 0; at < layout_.page_bytes; at += kSectorBytes) {
    if (!flash_.erase_sector(start + at)) return false;
  }
  std::uint32_t to = start + kPageHeaderBytes;
  Entry entry;
  Entry newest;
  for (std::uint32_t at = page_start() + kPageHeaderBytes; sequence_ > 0 && entry_at(at, &entry);
       at = entry.end()) {
    const bool counts = find(entry.key, &newest) && newest.offset == at && entry.kind == kValue;
    if (!counts || std::strcmp(entry.key, key) == 0) continue;
    if (to + (entry.end() - at) > limit || !copy(entry, to)) return false;
    to += entry.end() - at;
  }
  if (kind == kValue) {
    const std::uint32_t size = kHeaderBytes + padded(std::strlen(key)) + padded(record.size);
    if (to + size > limit || !append(to, key, kind, record)) return false;
    to += size;
  }
  std::uint8_t header[kPageHeaderBytes];
  put_u32(header, kMagic);
  put_u32(header + 4, sequence_ + 1);
  put_u32(header + 8, crc32(Bytes{header, 8}));
  if (!flash_.write(start, Bytes{header, sizeof header})) return false;
  page_ = next;
  ++sequence_;
  end_ = to;
  return true;
}

// Writes a record in pieces of whole words and reads it back.
bool FlashLog::append(std::uint32_t offset, const char* key, std::uint8_t kind, Bytes record) {
  const std::size_t key_size = std::strlen(key);
  std::uint8_t head[kHeaderBytes + kMaxKeyBytes + 1] = {};
  head[0] = static_cast<std::uint8_t>(key_size);
  head[1] = kind;
  head[2] = static_cast<std::uint8_t>(record.size);
  head[3] = static_cast<std::uint8_t>(record.size >> 8);
  std::copy_n(key, key_size, head + kHeaderBytes);
  std::uint8_t last[4] = {};  // what does not fill a word, filled up
  const std::size_t whole = record.size & ~std::size_t{3};
  if (record.size > whole) std::memcpy(last, record.data + whole, record.size - whole);

  std::uint32_t sum = crc32(Bytes{head, 4});
  sum = crc32(Bytes{head + kHeaderBytes, padded(key_size)}, sum);
  sum = crc32(Bytes{record.data, whole}, sum);
  if (record.size > whole) sum = crc32(Bytes{last, 4}, sum);
  put_u32(head + 4, sum);

  const std::uint32_t value = offset + kHeaderBytes + padded(key_size);
  const std::uint32_t tail = value + static_cast<std::uint32_t>(whole);
  Entry stored;
  return flash_.write(offset, Bytes{head, kHeaderBytes + padded(key_size)}) &&
         (whole == 0 || flash_.write(value, Bytes{record.data, whole})) &&
         (whole == record.size || flash_.write(tail, Bytes{last, 4})) &&
         entry_at(offset, &stored) && stored.size == record.size;
}

bool FlashLog::copy(const Entry& entry, std::uint32_t to) {
  std::uint8_t piece[kPieceBytes];
  for (std::uint32_t at = entry.offset; at < entry.end();) {
    const std::size_t size = std::min<std::size_t>(sizeof piece, entry.end() - at);
    if (!flash_.read(at, piece, size) || !flash_.write(to, Bytes{piece, size})) return false;
    at += static_cast<std::uint32_t>(size);
    to += static_cast<std::uint32_t>(size);
  }
  return true;
}

}  // namespace skiclock
