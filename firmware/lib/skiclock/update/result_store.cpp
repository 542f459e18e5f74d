// How updates ended.
#include "skiclock/update/result_store.h"

#include <algorithm>

#include "skiclock/update/text.h"
#include "skiclock/update/update_record.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kFirstDelayMs = 10000;
constexpr std::uint32_t kMaxDelayMs = 300000;

constexpr const char* kKeys[] = {"result0", "result1", "result2"};

}  // namespace

void ResultStore::begin() {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    UpdateResult result;
    std::uint32_t number = 0;
    numbers_[slot] = read(slot, &result, &number) ? number : 0;
  }
  publish_again();
}

bool ResultStore::add(const UpdateResult& result) {
  if (result.session_id[0] == '\0') return false;  // nothing could acknowledge it
  if (contains(text_of(result.session_id))) return true;
  std::uint32_t newest = *std::max_element(numbers_, numbers_ + kSlots);
  if (newest == UINT32_MAX) {  // not by counting: the record is damaged, and nothing may follow it
    forget_all();
    newest = 0;
  }
  const std::uint32_t number = newest + 1;
  RecordWriter record;
  record.add_number(number).add_text(result.session_id).add_text(result.old_version);
  record.add_text(result.new_version).add_byte(result.success ? 1 : 0).add_text(result.reason);
  const Bytes bytes = record.finish(RecordKind::kResult);
  const std::size_t slot = slot_for_new();
  if (bytes.size == 0 || !store_.write(kKeys[slot], bytes)) return false;
  numbers_[slot] = number;
  publish_again();
  return true;
}

bool ResultStore::contains(Text session_id) { return slot_of(session_id) < kSlots; }

bool ResultStore::take_due(std::uint32_t now_ms, UpdateResult* result) {
  const bool is_new_round = last_number_ == 0;
  if (is_new_round && delay_ms_ > 0 && now_ms - round_ended_ms_ < delay_ms_) return false;
  const std::size_t slot = slot_after(last_number_);
  if (slot == kSlots) return false;
  std::uint32_t number = 0;
  const bool is_read = read(slot, result, &number);
  last_number_ = numbers_[slot];
  if (!is_read) numbers_[slot] = 0;  // the flash lost it
  if (slot_after(last_number_) == kSlots) {
    last_number_ = 0;
    round_ended_ms_ = now_ms;
    delay_ms_ = delay_ms_ == 0 ? kFirstDelayMs : std::min(2 * delay_ms_, kMaxDelayMs);
  }
  return is_read;
}

void ResultStore::publish_again() {
  last_number_ = 0;
  delay_ms_ = 0;
}

bool ResultStore::acknowledge(Text session_id) {
  const std::size_t slot = slot_of(session_id);
  if (slot == kSlots) return false;
  // Where the flash refuses, the next run publishes it once more.
  store_.erase(kKeys[slot]);
  numbers_[slot] = 0;
  if (slot_after(last_number_) == kSlots) last_number_ = 0;
  return true;
}

void ResultStore::forget_all() {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    store_.erase(kKeys[slot]);
    numbers_[slot] = 0;
  }
}

std::size_t ResultStore::count() const {
  return kSlots - static_cast<std::size_t>(std::count(numbers_, numbers_ + kSlots, 0U));
}

bool ResultStore::read(std::size_t slot, UpdateResult* result, std::uint32_t* number) {
  std::uint8_t buffer[kMaxUpdateRecordBytes];
  RecordReader record(RecordKind::kResult,
                      {buffer, store_.read(kKeys[slot], buffer, sizeof buffer)});
  *number = record.take_number();
  record.take_text(result->session_id);
  record.take_text(result->old_version);
  record.take_text(result->new_version);
  result->success = record.take_byte() == 1;
  record.take_text(result->reason);
  return record.is_at_end() && *number > 0 && result->session_id[0] != '\0';
}

std::size_t ResultStore::slot_of(Text session_id) {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    UpdateResult result;
    std::uint32_t number = 0;
    if (numbers_[slot] == 0 || !read(slot, &result, &number)) continue;
    if (text_of(result.session_id) == session_id) return slot;
  }
  return kSlots;
}

std::size_t ResultStore::slot_after(std::uint32_t number) const {
  std::size_t found = kSlots;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (numbers_[slot] <= number) continue;
    if (found == kSlots || numbers_[slot] < numbers_[found]) found = slot;
  }
  return found;
}

std::size_t ResultStore::slot_for_new() const {
  return static_cast<std::size_t>(std::min_element(numbers_, numbers_ + kSlots) - numbers_);
}

}  // namespace skiclock
