// NTP's packet as a client of RFC 4330 (SNTP) needs it.
#include "skiclock/time/ntp_packet.h"

#include <cstring>

#include "skiclock/time/wall_time.h"

namespace skiclock {
namespace {

constexpr std::int64_t kUnixEpochInNtp = 2208988800;  // 1900 to 1970 in seconds
constexpr std::int64_t kEra = std::int64_t{1} << 32;

constexpr std::uint8_t kVersion = 4;
constexpr std::uint8_t kModeClient = 3;
constexpr std::uint8_t kModeServer = 4;
constexpr std::uint8_t kLeapUnknown = 3;
constexpr std::uint8_t kMaxStratum = 15;
constexpr std::int32_t kMaxRootDistanceMs = 16000;  // RFC 5905: MAXDISP
constexpr std::int64_t kMaxHeldMs = 10000;

std::uint32_t read_u32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

NtpTimestamp read_timestamp(const std::uint8_t* at) {
  return static_cast<NtpTimestamp>(read_u32(at)) << 32 | read_u32(at + 4);
}

// Signed, so that it holds across the turn of an era; 32.32 to ms without overflow.
std::int64_t between_ms(NtpTimestamp from, NtpTimestamp to) {
  const auto difference = static_cast<std::int64_t>(to - from);
  return (difference >> 16) * 1000 >> 16;
}

bool is_kiss(const NtpReply& reply, const char* code) {
  return reply.stratum == 0 && std::strncmp(reply.reference_id, code, 4) == 0;
}

}  // namespace

void encode_ntp_request(NtpTimestamp nonce, std::uint8_t packet[kNtpPacketBytes]) {
  std::memset(packet, 0, kNtpPacketBytes);
  packet[0] = kVersion << 3 | kModeClient;
  for (unsigned i = 0; i < 8; ++i) {
    packet[40 + i] = static_cast<std::uint8_t>(nonce >> (56 - 8 * i));
  }
}

bool decode_ntp(Bytes packet, NtpReply* reply) {
  if (packet.size < kNtpPacketBytes) return false;
  const std::uint8_t* data = packet.data;
  reply->leap = data[0] >> 6;
  reply->version = data[0] >> 3 & 7U;
  reply->mode = data[0] & 7U;
  reply->stratum = data[1];
  reply->root_delay = read_u32(data + 4);
  reply->root_dispersion = read_u32(data + 8);
  std::memcpy(reply->reference_id, data + 12, 4);
  reply->reference_id[4] = '\0';
  reply->reference = read_timestamp(data + 16);
  reply->originate = read_timestamp(data + 24);
  reply->receive = read_timestamp(data + 32);
  reply->transmit = read_timestamp(data + 40);
  return true;
}

NtpVerdict judge(const NtpReply& reply, NtpTimestamp nonce) {
  if (reply.mode != kModeServer || reply.version < 3 || reply.version > kVersion) {
    return NtpVerdict::kMalformed;
  }
  if (reply.originate != nonce) return NtpVerdict::kNotOurs;
  if (is_kiss(reply, "DENY") || is_kiss(reply, "RSTR")) return NtpVerdict::kForbidden;
  if (is_kiss(reply, "RATE")) return NtpVerdict::kTooOften;
  if (reply.leap == kLeapUnknown || reply.stratum == 0 || reply.stratum > kMaxStratum ||
      root_distance_ms(reply) >= kMaxRootDistanceMs) {
    return NtpVerdict::kUnsynchronised;
  }
  if (reply.transmit == 0 || reply.receive == 0) return NtpVerdict::kImplausible;
  if (!is_plausible(unix_ms_of(reply.transmit) / 1000)) return NtpVerdict::kImplausible;
  const std::int64_t held = held_ms(reply);
  if (held < 0 || held > kMaxHeldMs) return NtpVerdict::kImplausible;
  if (reply.reference != 0 && between_ms(reply.reference, reply.transmit) < 0) {
    return NtpVerdict::kImplausible;
  }
  return NtpVerdict::kGood;
}

std::int64_t unix_ms_of(NtpTimestamp timestamp) {
  std::int64_t seconds = static_cast<std::int64_t>(timestamp >> 32) - kUnixEpochInNtp;
  if (seconds < kEarliestUnixS) seconds += kEra;
  const std::uint64_t fraction = timestamp & 0xFFFFFFFFU;
  return seconds * 1000 + static_cast<std::int64_t>(fraction * 1000 >> 32);
}

NtpTimestamp ntp_of(std::int64_t unix_ms) {
  const std::int64_t seconds = unix_ms / 1000 + kUnixEpochInNtp;
  const auto rest_ms = static_cast<std::uint64_t>(unix_ms % 1000);
  return static_cast<NtpTimestamp>(seconds) << 32 | ((rest_ms << 32) + 999) / 1000;
}

std::int64_t held_ms(const NtpReply& reply) { return between_ms(reply.receive, reply.transmit); }

std::int32_t root_distance_ms(const NtpReply& reply) {
  const std::uint64_t distance = reply.root_delay / 2 + std::uint64_t{reply.root_dispersion};
  return static_cast<std::int32_t>(distance * 1000 >> 16);
}

}  // namespace skiclock
