// Asks NTP servers for the time, hourly, one after the other until one answers well.
#include "skiclock/time/sntp.h"

namespace skiclock {
namespace {

constexpr std::uint32_t kTimeoutMs = 3000;
constexpr std::uint32_t kFirstDelayMs = 2000;  // at most: a whole hall is switched on at once
constexpr std::uint32_t kMinIntervalMs = 16000;
constexpr std::uint32_t kMaxIntervalMs = 3600 * 1000;
constexpr std::uint32_t kJitterMs = 300 * 1000;

// A name look-up inside `send` makes the way there look long, and the time wrong by half of it.
// So such an answer is taken, and a better one asked for soon.
constexpr std::int64_t kCoarseTripMs = 300;
constexpr std::uint8_t kMaxCoarse = 3;  // in a row: some networks are always like that

constexpr std::int64_t kSuspectMs = 15LL * 60 * 1000;
constexpr std::int64_t kAgreeMs = 10 * 1000LL;

constexpr std::uint8_t kRestRounds = 2;    // after RATE
constexpr std::uint8_t kRateFailures = 6;  // waits like after this many failed rounds
constexpr std::uint8_t kMaxFailures = 8;   // 16 s << 8 is more than an hour
constexpr int kDatagramsPerPoll = 4;
constexpr std::size_t kBufferBytes = 128;  // longer answers are cut: only the header is read

std::int64_t magnitude(std::int64_t value) { return value < 0 ? -value : value; }

bool is_after(std::uint32_t now_ms, std::uint32_t then_ms) {
  return static_cast<std::int32_t>(now_ms - then_ms) >= 0;
}

// FNV-1a, the end of each text included.
std::uint32_t hash_of(const char* const* texts, std::size_t count) {
  std::uint32_t hash = 2166136261U;
  for (std::size_t i = 0; i < count; ++i) {
    const char* at = texts[i];
    do {
      hash = (hash ^ static_cast<std::uint8_t>(*at)) * 16777619U;
    } while (*at++ != '\0');
  }
  return hash;
}

}  // namespace

Sntp::Sntp(UdpPort& udp, SystemPort& system, WallTime& wall)
    : udp_(udp), system_(system), wall_(wall) {}

void Sntp::use(const char* first, const char* second, const char* third) {
  servers_[0] = first;
  servers_[1] = second;
  servers_[2] = third;
  const std::uint32_t hash = hash_of(servers_, kNtpServers);
  if (hash == names_hash_) return;
  names_hash_ = hash;
  for (std::size_t i = 0; i < kNtpServers; ++i) {
    rests_rounds_[i] = 0;
    is_forbidden_[i] = false;
  }
  state_ = SntpState::kWaiting;
  failures_ = 0;
  was_up_ = false;
  has_just_asked_ = false;
  last_good_ = "";
  problem_ = "";
}

SntpNews Sntp::poll(bool is_network_up, std::uint32_t now_ms) {
  // A flag and not a comparison at need: after weeks the milliseconds have wrapped.
  if (is_after(now_ms, asked_ms_ + kMinIntervalMs)) has_just_asked_ = false;
  note_network(is_network_up, now_ms);
  if (!is_network_up) return SntpNews::kNothing;
  if (state_ == SntpState::kAsking) return listen(now_ms);
  is_due_ = is_due_ || is_after(now_ms, due_ms_);
  return is_due_ ? begin_round(now_ms) : SntpNews::kNothing;
}

void Sntp::schedule(std::uint32_t now_ms, std::uint32_t delay_ms) {
  state_ = SntpState::kWaiting;
  is_due_ = false;
  due_ms_ = now_ms + delay_ms;
}

// A network that comes back is asked soon, but not sooner than the servers' operators allow.
void Sntp::note_network(bool is_up, std::uint32_t now_ms) {
  if (is_up == was_up_) return;
  was_up_ = is_up;
  if (!is_up) {
    state_ = SntpState::kWaiting;
    return;
  }
  const std::uint32_t jitter_ms = system_.random() % kFirstDelayMs;
  schedule(now_ms, has_just_asked_ ? kMinIntervalMs + jitter_ms : jitter_ms);
}

SntpNews Sntp::begin_round(std::uint32_t now_ms) {
  server_ = 0;
  return ask_next(now_ms);
}

SntpNews Sntp::ask_next(std::uint32_t now_ms) {
  for (; server_ < kNtpServers; ++server_) {
    if (!may_ask(server_)) continue;
    nonce_ = static_cast<NtpTimestamp>(system_.random()) << 32 | system_.random();
    std::uint8_t packet[kNtpPacketBytes];
    encode_ntp_request(nonce_, packet);
    has_just_asked_ = true;
    asked_ms_ = now_ms;
    if (udp_.send(servers_[server_], 123, {packet, sizeof packet})) {
      state_ = SntpState::kAsking;
      return SntpNews::kNothing;
    }
    problem_ = "name not found or not reachable";
  }
  for (auto& rounds : rests_rounds_) {
    if (rounds > 0) --rounds;
  }
  const std::uint32_t delay_ms = kMinIntervalMs << failures_;
  const std::uint32_t capped_ms = delay_ms < kMaxIntervalMs ? delay_ms : kMaxIntervalMs;
  if (failures_ < kMaxFailures) ++failures_;
  schedule(now_ms, capped_ms + system_.random() % (capped_ms / 4));
  return SntpNews::kFailed;
}

bool Sntp::may_ask(std::size_t server) const {
  return servers_[server][0] != '\0' && !is_forbidden_[server] && rests_rounds_[server] == 0;
}

SntpNews Sntp::listen(std::uint32_t now_ms) {
  std::uint8_t buffer[kBufferBytes];
  for (int i = 0; i < kDatagramsPerPoll && state_ == SntpState::kAsking; ++i) {
    const std::size_t size = udp_.receive(buffer, sizeof buffer);
    if (size == 0) break;
    NtpReply reply;
    if (!decode_ntp({buffer, size}, &reply)) continue;
    const std::size_t asked = server_;
    const SntpNews news = take(reply, now_ms);
    if (news != SntpNews::kNothing || server_ != asked) return news;
  }
  if (now_ms - asked_ms_ < kTimeoutMs) return SntpNews::kNothing;
  return fail_server("no answer", now_ms);
}

SntpNews Sntp::take(const NtpReply& reply, std::uint32_t now_ms) {
  switch (judge(reply, nonce_)) {
    case NtpVerdict::kGood:
      return accept(reply, now_ms);
    case NtpVerdict::kForbidden:
      is_forbidden_[server_] = true;
      return fail_server("server forbids", now_ms);
    case NtpVerdict::kTooOften:
      rests_rounds_[server_] = kRestRounds;
      if (failures_ < kRateFailures) failures_ = kRateFailures;
      return fail_server("asked too often", now_ms);
    case NtpVerdict::kUnsynchronised:
      return fail_server("server has no time", now_ms);
    case NtpVerdict::kImplausible:
      return fail_server("implausible time", now_ms);
    case NtpVerdict::kMalformed:
    case NtpVerdict::kNotOurs:
      break;  // a stray must not end the wait for the true answer
  }
  return SntpNews::kNothing;
}

SntpNews Sntp::accept(const NtpReply& reply, std::uint32_t now_ms) {
  std::int64_t trip_ms = static_cast<std::int64_t>(now_ms - asked_ms_) - held_ms(reply);
  if (trip_ms < 0) trip_ms = 0;
  const std::int64_t unix_ms = unix_ms_of(reply.transmit) + trip_ms / 2;
  if (is_suspect(unix_ms, now_ms)) return fail_server("far from the time before", now_ms);
  const auto uncertainty_ms = static_cast<std::int32_t>(trip_ms / 2 + 1) + root_distance_ms(reply);
  adjustment_ = wall_.set(TimeSource::kNtp, unix_ms, now_ms, uncertainty_ms);
  last_good_ = servers_[server_];
  failures_ = 0;
  for (auto& rounds : rests_rounds_) {
    if (rounds > 0) --rounds;
  }
  if (trip_ms <= kCoarseTripMs) coarse_ = 0;
  if (trip_ms > kCoarseTripMs && coarse_ < kMaxCoarse) {
    ++coarse_;
    schedule(now_ms, kMinIntervalMs + system_.random() % kFirstDelayMs);
  } else {
    schedule(now_ms, kMaxIntervalMs - kJitterMs + system_.random() % (2 * kJitterMs));
  }
  return SntpNews::kSynchronised;
}

// One server gone mad must not move a clock that knows the time; two that agree may.
bool Sntp::is_suspect(std::int64_t unix_ms, std::uint32_t now_ms) {
  if (wall_.source() != TimeSource::kNtp) return false;
  const std::int64_t offset_ms = unix_ms - wall_.unix_ms(now_ms);
  const bool is_far = magnitude(offset_ms) > kSuspectMs;
  const bool is_confirmed =
      is_far && has_suspect_ && magnitude(offset_ms - suspect_offset_ms_) < kAgreeMs;
  has_suspect_ = is_far && !is_confirmed;
  suspect_offset_ms_ = offset_ms;
  return has_suspect_;
}

SntpNews Sntp::fail_server(const char* why, std::uint32_t now_ms) {
  problem_ = why;
  ++server_;
  return ask_next(now_ms);
}

}  // namespace skiclock
