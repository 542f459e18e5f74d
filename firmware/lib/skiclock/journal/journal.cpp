// What happened to the clock, kept until the server has it.
#include "skiclock/journal/journal.h"

#include <cstring>

#include "contract/contract.h"
#include "contract/messages.h"
#include "skiclock/config/record.h"
#include "skiclock/config/value_rules.h"

namespace skiclock {
namespace {

constexpr std::uint16_t kFormatVersion = 1;

// How many events one write to the flash allows for; a boot that dies without saving leaves the
// rest of them unused, so that no number is ever given twice.
constexpr std::uint32_t kReservedSeqs = 64;

// The saved form, little-endian: boot u32, first seq of the next boot u32, lost u32, then events:
// seq u32, uptime u32, unix u32, boot u16, kind u8, size u8, detail.
constexpr std::size_t kHeadBytes = 12;
constexpr std::size_t kEventHeadBytes = 16;
constexpr std::size_t kRecordCapacity =
    kRecordHeaderBytes + kHeadBytes + kSavedEvents * (kEventHeadBytes + kDetailBytes);

constexpr const char* kWords[kEventKinds] = {
    contract::kEventBoot,       contract::kEventWifiLost,    contract::kEventWifiBack,
    contract::kEventBrokerLost, contract::kEventSensorError, contract::kEventLowHeap,
    contract::kEventButton,     contract::kEventTimeSync,    contract::kEventUpdate,
    contract::kEventConfig,     contract::kEventCommand,     contract::kEventPortal};

std::uint32_t read_u32(const std::uint8_t* at) {
  return at[0] | static_cast<std::uint32_t>(at[1]) << 8 | static_cast<std::uint32_t>(at[2]) << 16 |
         static_cast<std::uint32_t>(at[3]) << 24;
}

void write_u32(std::uint32_t value, std::uint8_t* at) {
  for (unsigned i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> 8 * i);
}

std::size_t size_of_detail(const char* detail) {
  std::size_t size = 0;
  while (size < kDetailBytes && detail[size] != '\0') ++size;
  return size;
}

}  // namespace

const char* word_for(EventKind kind) {
  return kWords[static_cast<std::size_t>(kind) % kEventKinds];
}

Journal::Journal(StorePort& store, const WallTime& wall) : store_(store), wall_(wall) {}

void Journal::begin(std::uint32_t now_ms) {
  std::uint8_t raw[kRecordCapacity];
  Record record;
  const std::size_t size = store_.read(kJournalKey, raw, sizeof raw);
  if (open_record({raw, size}, RecordKind::kJournal, &record)) boot_ = take_saved(record.payload);
  ++boot_;
  save(now_ms);
}

void Journal::add(EventKind kind, const char* detail, std::uint32_t now_ms) {
  Event& event = append();
  event.seq = next_seq_++;
  event.uptime_s = wall_.uptime_s(now_ms);
  event.unix_s = 0;
  event.boot = static_cast<std::uint16_t>(boot_);
  event.kind = kind;
  std::memset(event.detail, 0, sizeof event.detail);
  for (std::size_t i = 0; i < size_of_detail(detail); ++i) {
    event.detail[i] = detail[i] >= ' ' && detail[i] < 0x7F ? detail[i] : '?';
  }
  is_dirty_ = true;
  if (next_seq_ >= reserved_seq_) save(now_ms);
}

void Journal::add(EventKind kind, const char* detail, std::int32_t number, std::uint32_t now_ms) {
  char digits[12];
  write_whole(number, digits);
  char text[kDetailBytes + 1] = "";
  copy_text(detail, text, kDetailBytes - std::strlen(digits));
  if (text[0] != '\0') append_text(" ", text, sizeof text);
  append_text(digits, text, sizeof text);
  add(kind, text, now_ms);
}

std::uint32_t Journal::write_batch(Text device_id, std::uint32_t now_ms, JsonWriter& out) {
  if (size_ == 0) return 0;
  EventsWriter batch(out, device_id, boot_, lost_);
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const Event& event = at(i);
    Happening happening;
    happening.seq = event.seq;
    happening.boot = (boot_ & ~0xFFFFU) | event.boot;
    happening.uptime_s = event.uptime_s;
    happening.kind = text_of(word_for(event.kind));
    happening.unix_s = unix_of(event, now_ms);
    happening.detail = {event.detail, size_of_detail(event.detail)};
    if (!batch.add(happening)) break;
    last = event.seq;
  }
  if (!batch.finish() || last == 0) return 0;
  sent_seq_ = last;
  sent_lost_ = lost_;
  lost_in_flight_ = 0;
  return last;
}

void Journal::acknowledge(std::uint32_t seq) {
  while (size_ > 0 && at(0).seq <= seq) {
    first_ = static_cast<std::uint8_t>((first_ + 1) % kJournalEvents);
    --size_;
    is_dirty_ = true;
  }
  if (sent_seq_ == 0 || seq < sent_seq_) return;
  lost_ -= sent_lost_ + lost_in_flight_;
  sent_seq_ = 0;
  sent_lost_ = 0;
  lost_in_flight_ = 0;
}

void Journal::poll(std::uint32_t now_ms) {
  if (is_dirty_ && now_ms - saved_ms_ >= kMinSaveIntervalMs) save(now_ms);
}

void Journal::save(std::uint32_t now_ms) {
  reserved_seq_ = next_seq_ + kReservedSeqs;
  std::uint8_t raw[kRecordCapacity];
  const std::size_t size = write_saved(raw + kRecordHeaderBytes, now_ms);
  const std::size_t sealed = seal_record(RecordKind::kJournal, kFormatVersion, raw, size);
  is_dirty_ = !store_.write(kJournalKey, {raw, sealed});
  saved_ms_ = now_ms;
}

bool Journal::is_of_this_boot(const Event& event) const {
  return event.boot == static_cast<std::uint16_t>(boot_);
}

std::uint32_t Journal::unix_of(const Event& event, std::uint32_t now_ms) const {
  if (!is_of_this_boot(event)) return event.unix_s;
  if (!wall_.is_set()) return 0;
  const std::uint32_t age_s = wall_.uptime_s(now_ms) - event.uptime_s;
  return static_cast<std::uint32_t>(wall_.unix_s(now_ms) - age_s);
}

Journal::Event& Journal::append() {
  if (size_ == kJournalEvents) drop_oldest();
  return at(size_++);
}

void Journal::drop_oldest() {
  if (at(0).seq <= sent_seq_) ++lost_in_flight_;
  ++lost_;
  first_ = static_cast<std::uint8_t>((first_ + 1) % kJournalEvents);
  --size_;
}

// Returns the number of the boot that saved it. Total: stops at what makes no sense.
std::uint32_t Journal::take_saved(Bytes payload) {
  if (payload.size < kHeadBytes) return 0;
  const std::uint32_t first_seq = read_u32(payload.data + 4);
  if (first_seq > next_seq_) next_seq_ = first_seq;
  lost_ = read_u32(payload.data + 8);
  std::size_t offset = kHeadBytes;
  std::uint32_t last_seq = 0;
  while (size_ < kSavedEvents && payload.size - offset >= kEventHeadBytes) {
    const std::uint8_t* saved = payload.data + offset;
    const std::size_t detail_size = saved[15];
    if (detail_size > kDetailBytes || payload.size - offset - kEventHeadBytes < detail_size) break;
    offset += kEventHeadBytes + detail_size;
    const std::uint32_t seq = read_u32(saved);
    const bool is_in_order = seq > last_seq && seq < next_seq_;
    if (!is_in_order || saved[14] >= kEventKinds) continue;  // damaged, or of a newer firmware
    last_seq = seq;
    Event& event = append();
    event.seq = seq;
    event.uptime_s = read_u32(saved + 4);
    event.unix_s = read_u32(saved + 8);
    event.boot = static_cast<std::uint16_t>(read_u32(saved + 12) & 0xFFFFU);
    event.kind = static_cast<EventKind>(saved[14]);
    std::memset(event.detail, 0, sizeof event.detail);
    std::memcpy(event.detail, saved + kEventHeadBytes, detail_size);
  }
  return read_u32(payload.data);
}

// The newest few; the others are lost if the clock restarts before they are sent.
std::size_t Journal::write_saved(std::uint8_t* payload, std::uint32_t now_ms) {
  const std::size_t skipped = size_ > kSavedEvents ? size_ - kSavedEvents : 0;
  write_u32(boot_, payload);
  write_u32(reserved_seq_, payload + 4);
  write_u32(lost_ + static_cast<std::uint32_t>(skipped), payload + 8);
  std::uint8_t* out = payload + kHeadBytes;
  for (std::size_t i = skipped; i < size_; ++i) {
    const Event& event = at(i);
    const std::size_t detail_size = size_of_detail(event.detail);
    write_u32(event.seq, out);
    write_u32(event.uptime_s, out + 4);
    write_u32(unix_of(event, now_ms), out + 8);
    out[12] = static_cast<std::uint8_t>(event.boot);
    out[13] = static_cast<std::uint8_t>(event.boot >> 8);
    out[14] = static_cast<std::uint8_t>(event.kind);
    out[15] = static_cast<std::uint8_t>(detail_size);
    std::memcpy(out + kEventHeadBytes, event.detail, detail_size);
    out += kEventHeadBytes + detail_size;
  }
  return static_cast<std::size_t>(out - payload);
}

}  // namespace skiclock
