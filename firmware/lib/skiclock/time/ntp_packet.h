// NTP's packet as a client of RFC 4330 (SNTP) needs it: request, answer, and what is wrong with it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::size_t kNtpPacketBytes = 48;

// Seconds since 1900 in the upper 32 bits (they wrap in 2036), fractions in the lower.
using NtpTimestamp = std::uint64_t;

struct NtpReply {
  std::uint8_t leap = 0;
  std::uint8_t version = 0;
  std::uint8_t mode = 0;
  std::uint8_t stratum = 0;
  std::uint32_t root_delay = 0;       // seconds, 16.16
  std::uint32_t root_dispersion = 0;  // seconds, 16.16
  char reference_id[5] = "";          // a kiss code where the stratum is 0
  NtpTimestamp reference = 0;
  NtpTimestamp originate = 0;
  NtpTimestamp receive = 0;
  NtpTimestamp transmit = 0;
};

// What an answer is worth.
enum class NtpVerdict : std::uint8_t {
  kGood,
  kMalformed,       // too short, or not from a server, or of a version that we do not speak
  kNotOurs,         // answers another question than the one asked last: a stray or a forgery
  kForbidden,       // kiss code DENY or RSTR: this server must not be asked again
  kTooOften,        // kiss code RATE
  kUnsynchronised,  // the server does not know the time itself
  kImplausible,     // outside the years that this firmware can live in, or self-contradictory
};

// The transmit timestamp of the request holds `nonce` in place of the time: it says nothing of
// the clock's own time, and who does not see the request cannot answer it.
void encode_ntp_request(NtpTimestamp nonce, std::uint8_t packet[kNtpPacketBytes]);

// False: too short. Total over any bytes; extension fields behind the header are not read.
bool decode_ntp(Bytes packet, NtpReply* reply);

// Checks of RFC 4330 chapter 5 and RFC 5905 appendix A.5.1.1.
NtpVerdict judge(const NtpReply& reply, NtpTimestamp nonce);

// Unix milliseconds. Seconds below 2026 belong to the era that begins in 2036.
std::int64_t unix_ms_of(NtpTimestamp timestamp);
// The reverse, for tests and simulated servers.
NtpTimestamp ntp_of(std::int64_t unix_ms);

// How long the server held the request, in ms; negative where its two times contradict.
std::int64_t held_ms(const NtpReply& reply);
// By how much the server itself may be wrong: half the way to the reference, and the dispersion.
std::int32_t root_distance_ms(const NtpReply& reply);

}  // namespace skiclock
