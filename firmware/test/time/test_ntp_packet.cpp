// NTP's packet: what is asked, what an answer is worth, the turn of the era in 2036.
#include <doctest/doctest.h>

#include <cstring>

#include "skiclock/time/ntp_packet.h"
#include "time/ntp_answer.h"

using skiclock::Bytes;
using skiclock::decode_ntp;
using skiclock::judge;
using skiclock::ntp_of;
using skiclock::NtpReply;
using skiclock::NtpVerdict;
using skiclock::unix_ms_of;

namespace {

constexpr std::uint64_t kNonce = 0x0123456789ABCDEFU;

// An answer with one thing changed.
template <typename Change>
NtpVerdict judged(Change change) {
  NtpAnswer answer;
  answer.originate = kNonce;
  change(answer);
  NtpReply reply;
  const auto packet = answer.encode();
  REQUIRE(decode_ntp({packet.data(), packet.size()}, &reply));
  return judge(reply, kNonce);
}

}  // namespace

TEST_CASE("a request holds version, mode and the nonce, and nothing of the clock") {
  std::uint8_t packet[48];
  skiclock::encode_ntp_request(kNonce, packet);
  std::uint8_t expected[48] = {0x23};
  for (int i = 0; i < 8; ++i) expected[40 + i] = static_cast<std::uint8_t>(0x01 + 0x22 * i);
  CHECK(std::memcmp(packet, expected, sizeof packet) == 0);
}

TEST_CASE("a good answer is good") {
  CHECK(judged([](NtpAnswer&) {}) == NtpVerdict::kGood);
  CHECK(judged([](NtpAnswer& a) { a.stratum = 15; }) == NtpVerdict::kGood);
  CHECK(judged([](NtpAnswer& a) { a.leap = 1; }) == NtpVerdict::kGood);
  CHECK(judged([](NtpAnswer& a) { a.version = 3; }) == NtpVerdict::kGood);
  CHECK(judged([](NtpAnswer& a) { a.reference_unix_ms = 0; }) == NtpVerdict::kGood);
}

TEST_CASE("each thing that is wrong with an answer has its verdict") {
  CHECK(judged([](NtpAnswer& a) { a.mode = 3; }) == NtpVerdict::kMalformed);
  CHECK(judged([](NtpAnswer& a) { a.mode = 5; }) == NtpVerdict::kMalformed);
  CHECK(judged([](NtpAnswer& a) { a.version = 0; }) == NtpVerdict::kMalformed);
  CHECK(judged([](NtpAnswer& a) { a.version = 5; }) == NtpVerdict::kMalformed);
  CHECK(judged([](NtpAnswer& a) { a.originate ^= 1; }) == NtpVerdict::kNotOurs);
  CHECK(judged([](NtpAnswer& a) { a.originate = 0; }) == NtpVerdict::kNotOurs);
  CHECK(judged([](NtpAnswer& a) { a.leap = 3; }) == NtpVerdict::kUnsynchronised);
  CHECK(judged([](NtpAnswer& a) { a.stratum = 16; }) == NtpVerdict::kUnsynchronised);
  CHECK(judged([](NtpAnswer& a) { a.kiss("INIT"); }) == NtpVerdict::kUnsynchronised);
  CHECK(judged([](NtpAnswer& a) { a.root_delay = 32U << 16; }) == NtpVerdict::kUnsynchronised);
  CHECK(judged([](NtpAnswer& a) { a.root_dispersion = UINT32_MAX; }) ==
        NtpVerdict::kUnsynchronised);
  CHECK(judged([](NtpAnswer& a) { a.kiss("DENY"); }) == NtpVerdict::kForbidden);
  CHECK(judged([](NtpAnswer& a) { a.kiss("RSTR"); }) == NtpVerdict::kForbidden);
  CHECK(judged([](NtpAnswer& a) { a.kiss("RATE"); }) == NtpVerdict::kTooOften);
  CHECK(judged([](NtpAnswer& a) { a.unix_ms = 0; }) == NtpVerdict::kImplausible);
  CHECK(judged([](NtpAnswer& a) { a.held_ms = 11000; }) == NtpVerdict::kImplausible);
  CHECK(judged([](NtpAnswer& a) { a.held_ms = -5; }) == NtpVerdict::kImplausible);
  CHECK(judged([](NtpAnswer& a) { a.reference_unix_ms = a.unix_ms + 1000; }) ==
        NtpVerdict::kImplausible);
}

TEST_CASE("a kiss of death counts only as an answer to what was asked") {
  CHECK(judged([](NtpAnswer& a) {
          a.kiss("DENY");
          a.originate = 0;
        }) == NtpVerdict::kNotOurs);
}

TEST_CASE("a server that is years wrong is implausible") {
  CHECK(judged([](NtpAnswer& a) { a.unix_ms = 1500000000000; }) == NtpVerdict::kImplausible);
  CHECK(judged([](NtpAnswer& a) { a.unix_ms = 946684800000; }) == NtpVerdict::kImplausible);
}

TEST_CASE("seconds below 2026 belong to the era that begins in 2036") {
  CHECK(unix_ms_of(std::uint64_t{0} << 32) == 2085978496000);  // 7 February 2036, 06:28:16
  CHECK(unix_ms_of(0xFFFFFFFF00000000U) == 2085978495000);
  CHECK(unix_ms_of(std::uint64_t{1767225600U + 2208988800U} << 32) == 1767225600000);
  CHECK(unix_ms_of(std::uint64_t{1767225599U + 2208988800U} << 32) > 4102444800000);
}

TEST_CASE("milliseconds survive the way to NTP and back, before and after 2036") {
  for (std::int64_t unix_ms = 1767225600000; unix_ms < 4000000000000; unix_ms += 12345678901) {
    REQUIRE(unix_ms_of(ntp_of(unix_ms)) == unix_ms);
  }
}

TEST_CASE("an answer across the turn of the era is good") {
  CHECK(judged([](NtpAnswer& a) {
          a.unix_ms = 2085978496002;
          a.held_ms = 7;
        }) == NtpVerdict::kGood);
}

TEST_CASE("anything shorter than a header is no packet, and more behind it does no harm") {
  NtpReply reply;
  std::uint8_t bytes[200] = {};
  for (std::size_t size = 0; size < 48; ++size) CHECK_FALSE(decode_ntp({bytes, size}, &reply));
  CHECK(decode_ntp({bytes, sizeof bytes}, &reply));
}

TEST_CASE("the server's own uncertainty is half its way to the reference and its dispersion") {
  NtpReply reply;
  reply.root_delay = 1U << 16;
  reply.root_dispersion = 1U << 15;
  CHECK(skiclock::root_distance_ms(reply) == 1000);
}
