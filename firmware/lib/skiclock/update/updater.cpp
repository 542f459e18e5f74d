// Takes an offered image from the server to the other slot, verifies it and makes it boot next.
#include "skiclock/update/updater.h"

#include <algorithm>

#include "skiclock/update/text.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kMemoryGraceMs = 5000;  // for the broker's connection to be closed
constexpr std::uint32_t kFirstPostponementMs = 30000;
constexpr std::uint32_t kMaxPostponementMs = 300000;
constexpr std::uint8_t kMaxPostponements = 8;  // half an hour
constexpr std::uint32_t kFirstPauseMs = 2000;
constexpr std::uint32_t kMaxPauseMs = 60000;
constexpr std::uint8_t kMaxBreaks = 60;
constexpr std::uint8_t kMaxBarrenBreaks = 8;
constexpr std::uint8_t kMaxRestarts = 3;
constexpr std::uint32_t kProgressMs = 2000;
constexpr std::uint8_t kProgressPercent = 5;
// A refusal costs a signature check and a write to flash; a broker could send offers without end.
constexpr std::uint32_t kRefusalPauseMs = 10000;
constexpr std::size_t kReadBackBytes = 256;
constexpr char kBeganAnew[] = "the download had to begin anew again and again";
constexpr char kNotErased[] = "the flash could not be erased";
constexpr char kNotSigned[] = "the signature is not by a key that this clock knows";

using S = UpdateState;
using E = UpdateEvent;

// `first_ms` doubled `times` times, at most `most_ms`.
std::uint32_t doubled(std::uint32_t first_ms, std::uint32_t times, std::uint32_t most_ms) {
  return times > 8 ? most_ms : std::min(first_ms << times, most_ms);
}

}  // namespace

OfferAnswer Updater::offer(const UpdateOffer& offer, UpdateTrigger trigger, std::uint32_t now_ms) {
  const bool is_free = state_ == S::kIdle || state_ == S::kWaiting;
  if (state_ != S::kIdle && offer.session_id == text_of(offer_.session_id)) {
    if (state_ == S::kWaiting && trigger == UpdateTrigger::kCommand) delay_ms_ = 0;
    return OfferAnswer::kAccepted;
  }
  // On trial the other slot holds what the clock would go back to.
  if (!is_free || ports_.slot.boot_state() == BootState::kOnTrial) return OfferAnswer::kBusy;
  if (records_.results.contains(offer.session_id)) return OfferAnswer::kRefused;
  if (has_refused_ && now_ms - refused_ms_ < kRefusalPauseMs) return OfferAnswer::kBusy;
  CheckedOffer checked;
  const char* const problem = problem_with(offer, &checked);
  if (problem != nullptr) {
    refuse(offer, problem, now_ms);
    return OfferAnswer::kRefused;
  }
  if (is_announced_ && state_ == S::kWaiting) {
    keep_result(text_of(offer_.session_id), text_of(offer_.version), "another version was offered");
  }
  offer_ = checked;
  is_announced_ = false;
  postponements_ = 0;
  delay_ms_ = jitter_ms(trigger);
  happened(E::kOffered, now_ms);
  return OfferAnswer::kAccepted;
}

void Updater::poll(std::uint32_t now_ms) {
  const bool is_over = now_ms - entered_ms_ >= delay_ms_;
  switch (state_) {
    case S::kWaiting:
    case S::kPausing:
      if (is_over) happened(E::kTurn, now_ms);
      return;
    case S::kPreparing:
      return prepare(now_ms);
    case S::kReceiving:
      return receive(now_ms);
    case S::kReadingBack:
      return read_back(now_ms);
    case S::kVerifying:
      return check_signature(now_ms);
    case S::kSwitching:
      return switch_over(now_ms);
    case S::kIdle:
    case S::kRestarting:
      return;
  }
}

std::uint8_t Updater::percent() const {
  if (offer_.size_bytes == 0) return 0;
  return static_cast<std::uint8_t>(std::uint64_t{stored_bytes_} * 100 / offer_.size_bytes);
}

bool Updater::wants_line_alone() const {
  const bool is_downloading =
      state_ == S::kPreparing || state_ == S::kReceiving || state_ == S::kPausing;
  return policy_.needs_line_alone && is_announced_ && is_downloading;
}

const char* Updater::problem_with(const UpdateOffer& offer, CheckedOffer* checked) {
  const char* problem = read_offer(offer, checked);
  if (problem == nullptr) {
    problem = problem_with_offer(*checked, policy_.running_version, ports_.slot.capacity_bytes(),
                                 records_.refused);
  }
  if (problem == nullptr && !is_signed_by_known_key(*checked)) problem = kNotSigned;
  return problem;
}

bool Updater::is_signed_by_known_key(const CheckedOffer& offer) {
  const Statement statement = {policy_.platform, text_of(offer.version), offer.size_bytes,
                               offer.sha256};
  return is_signed(statement, {offer.signature, offer.signature_bytes}, policy_.keys, ports_.sha256,
                   ports_.signatures);
}

void Updater::refuse(const UpdateOffer& offer, const char* reason, std::uint32_t now_ms) {
  has_refused_ = true;
  refused_ms_ = now_ms;
  keep_result(offer.session_id, offer.version, reason);
  listener_.on_failed(offer.session_id, reason);
}

std::uint32_t Updater::jitter_ms(UpdateTrigger trigger) {
  std::uint32_t most_ms = 0;
  if (trigger == UpdateTrigger::kConnect) most_ms = policy_.connect_jitter_ms;
  if (trigger == UpdateTrigger::kBroadcast) most_ms = policy_.broadcast_jitter_ms;
  return most_ms == 0 ? 0 : ports_.system.random() % most_ms;
}

void Updater::happened(UpdateEvent event, std::uint32_t now_ms) {
  state_ = next_state(state_, event);
  entered_ms_ = now_ms;
}

void Updater::prepare(std::uint32_t now_ms) {
  if (policy_.needs_line_alone && !announce(now_ms)) return;
  if (ports_.system.free_heap_bytes() < policy_.min_free_heap_bytes) {
    const bool has_waited = now_ms - entered_ms_ >= kMemoryGraceMs;
    if (has_waited || !policy_.needs_line_alone) postpone(now_ms);
    return;
  }
  if (!announce(now_ms)) return;
  if (!empty_slot()) return fail(kNotErased, now_ms);
  breaks_ = 0;
  barren_breaks_ = 0;
  restarts_ = 0;
  is_asked_ = false;
  happened(E::kReady, now_ms);
}

// Noted in flash before it is told, so that whatever the server has heard of comes to an end.
bool Updater::announce(std::uint32_t now_ms) {
  if (is_announced_) return true;
  if (!note(AttemptPhase::kDownloading)) {
    fail("the flash takes no records", now_ms);
    return false;
  }
  is_announced_ = true;
  reported_percent_ = 0;
  reported_ms_ = now_ms;
  listener_.on_started(text_of(offer_.session_id), text_of(offer_.version));
  listener_.on_progress(text_of(offer_.session_id), 0);
  return true;
}

void Updater::postpone(std::uint32_t now_ms) {
  char reason[kMaxReasonLength + 1];
  TextBuilder words(reason, sizeof reason);
  words.add("too little memory: ").add_number(ports_.system.free_heap_bytes());
  words.add(" bytes free, ").add_number(policy_.min_free_heap_bytes).add(" needed");
  if (postponements_ == kMaxPostponements) return fail(reason, now_ms);
  delay_ms_ = doubled(kFirstPostponementMs, postponements_++, kMaxPostponementMs);
  listener_.on_postponed(text_of(offer_.session_id), reason, delay_ms_);
  happened(E::kNoMemory, now_ms);
}

bool Updater::empty_slot() {
  stored_bytes_ = 0;
  etag_[0] = '\0';
  return ports_.slot.begin(offer_.size_bytes);
}

void Updater::receive(std::uint32_t now_ms) {
  if (!is_asked_) {
    is_asked_ = true;
    is_changed_ = false;
    sink_problem_ = nullptr;
    asked_at_byte_ = stored_bytes_;
    ports_.source.open(text_of(offer_.version), stored_bytes_, text_of(etag_), now_ms);
  }
  const DownloadState download = ports_.source.poll(now_ms, *this);
  report_progress(now_ms);
  if (download == DownloadState::kRunning) return;
  ports_.source.close();
  is_asked_ = false;
  take_up(download, now_ms);
}

// What to do once a connection has ended.
void Updater::take_up(DownloadState download, std::uint32_t now_ms) {
  if (sink_problem_ != nullptr) return fail(sink_problem_, now_ms);
  if (is_changed_ || download == DownloadState::kChanged) return start_over(now_ms);
  if (download == DownloadState::kRefused) return fail(ports_.source.problem(), now_ms);
  if (stored_bytes_ < offer_.size_bytes) return pause(now_ms);
  hashed_bytes_ = 0;
  ports_.sha256.begin();
  happened(E::kReceived, now_ms);
}

bool Updater::on_head(const DownloadHead& head) {
  const bool is_other_tag = etag_[0] != '\0' && head.etag != text_of(etag_);
  if (head.total_bytes != offer_.size_bytes) {
    is_changed_ = stored_bytes_ > 0;
    sink_problem_ = is_changed_ ? nullptr : "the server has an image of another size than offered";
  } else if (head.first_byte == 0 && stored_bytes_ > 0) {
    // It knows no ranges, or has other bytes now: all over again, over this connection.
    sink_problem_ = ++restarts_ > kMaxRestarts ? kBeganAnew : empty_slot() ? nullptr : kNotErased;
  } else if (head.first_byte != stored_bytes_) {
    sink_problem_ = "the server sent another part than was asked for";
  } else {
    is_changed_ = is_other_tag;
  }
  if (!copy_text(head.etag, etag_)) etag_[0] = '\0';
  return !is_changed_ && sink_problem_ == nullptr;
}

bool Updater::on_body(Bytes piece) {
  if (piece.size > offer_.size_bytes - stored_bytes_) {
    sink_problem_ = "the server sent more than was offered";
  } else if (!ports_.slot.write(piece)) {
    sink_problem_ = "the flash could not be written";
  } else {
    stored_bytes_ += static_cast<std::uint32_t>(piece.size);
  }
  return sink_problem_ == nullptr;
}

void Updater::pause(std::uint32_t now_ms) {
  const bool is_barren = stored_bytes_ <= asked_at_byte_;
  barren_breaks_ = is_barren ? static_cast<std::uint8_t>(barren_breaks_ + 1) : std::uint8_t{0};
  if (++breaks_ > kMaxBreaks || barren_breaks_ > kMaxBarrenBreaks) {
    char reason[kMaxReasonLength + 1];
    TextBuilder words(reason, sizeof reason);
    words.add("the download broke ").add_number(breaks_).add(" times: ");
    words.add(ports_.source.problem());
    return fail(reason, now_ms);
  }
  delay_ms_ = doubled(kFirstPauseMs, barren_breaks_, kMaxPauseMs);
  delay_ms_ += ports_.system.random() % (delay_ms_ / 2);
  happened(E::kBroken, now_ms);
}

void Updater::start_over(std::uint32_t now_ms) {
  if (++restarts_ > kMaxRestarts) return fail(kBeganAnew, now_ms);
  if (!empty_slot()) return fail(kNotErased, now_ms);
  asked_at_byte_ = 0;
  pause(now_ms);
}

void Updater::report_progress(std::uint32_t now_ms) {
  const std::uint8_t now_percent = percent();
  const bool is_step = now_percent >= reported_percent_ + kProgressPercent;
  const bool is_time = now_percent != reported_percent_ && now_ms - reported_ms_ >= kProgressMs;
  if (!is_step && !is_time) return;
  reported_percent_ = now_percent;
  reported_ms_ = now_ms;
  listener_.on_progress(text_of(offer_.session_id), now_percent);
}

void Updater::read_back(std::uint32_t now_ms) {
  std::uint32_t left = policy_.verify_bytes_per_poll;
  while (left > 0 && hashed_bytes_ < offer_.size_bytes) {
    std::uint8_t piece[kReadBackBytes];
    const std::uint32_t size =
        std::min<std::uint32_t>({sizeof piece, left, offer_.size_bytes - hashed_bytes_});
    if (!ports_.slot.read(hashed_bytes_, piece, size)) {
      return fail("the flash could not be read back", now_ms);
    }
    ports_.sha256.add({piece, size});
    hashed_bytes_ += size;
    left -= size;
  }
  if (hashed_bytes_ == offer_.size_bytes) check_hash(now_ms);
}

void Updater::check_hash(std::uint32_t now_ms) {
  std::uint8_t digest[kDigestBytes];
  ports_.sha256.finish(digest);
  if (std::memcmp(digest, offer_.sha256, sizeof digest) != 0) {
    return fail("the downloaded image has another hash than was signed", now_ms);
  }
  const char* const problem = problem_with_image(ports_.slot, offer_.size_bytes, policy_.image_kind,
                                                 policy_.unpack_area_end);
  if (problem != nullptr) return fail(problem, now_ms);
  happened(E::kHashed, now_ms);
}

// Over the hash of what is stored: whatever happened to the offer in memory meanwhile.
void Updater::check_signature(std::uint32_t now_ms) {
  if (!is_signed_by_known_key(offer_)) {
    return fail(kNotSigned, now_ms);
  }
  happened(E::kVerified, now_ms);
}

void Updater::switch_over(std::uint32_t now_ms) {
  if (!note(AttemptPhase::kSwitching)) return fail("the flash takes no records", now_ms);
  if (!ports_.slot.activate()) return fail("the flash refused the switch", now_ms);
  // Where this is refused, the next boot finds kSwitching, and knows a little less.
  note(AttemptPhase::kSwitched);
  listener_.on_installed(text_of(offer_.session_id));
  happened(E::kSwitched, now_ms);
}

void Updater::fail(const char* reason, std::uint32_t now_ms) {
  ports_.source.close();
  ports_.slot.abandon();
  keep_result(text_of(offer_.session_id), text_of(offer_.version), reason);
  records_.attempt.erase();
  listener_.on_failed(text_of(offer_.session_id), reason);
  stored_bytes_ = 0;
  happened(E::kFailed, now_ms);
}

void Updater::keep_result(Text session_id, Text version, const char* reason) {
  UpdateResult result;
  if (!copy_text(session_id, result.session_id)) return;  // not one that a server made
  TextBuilder(result.old_version, sizeof result.old_version).add(policy_.running_version);
  TextBuilder(result.new_version, sizeof result.new_version).add(version);
  TextBuilder(result.reason, sizeof result.reason).add(reason);
  records_.results.add(result);
}

bool Updater::note(AttemptPhase phase) {
  Attempt attempt;
  attempt.phase = phase;
  copy_text(text_of(offer_.session_id), attempt.session_id);
  copy_text(policy_.running_version, attempt.old_version);
  copy_text(text_of(offer_.version), attempt.new_version);
  return records_.attempt.write(attempt);
}

}  // namespace skiclock
