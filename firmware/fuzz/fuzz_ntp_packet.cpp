// Any datagram as an NTP answer: what is judged good can set a clock.
#include <cstdint>
#include <cstring>

#include "input.h"
#include "skiclock/time/ntp_packet.h"
#include "skiclock/time/wall_time.h"

using skiclock::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::NtpReply reply;
  if (!skiclock::decode_ntp({data, size}, &reply)) {
    require(size < skiclock::kNtpPacketBytes);
    return 0;
  }
  require(std::strlen(reply.reference_id) <= 4);
  require(judge(reply, reply.originate ^ 1) != skiclock::NtpVerdict::kGood);
  if (judge(reply, reply.originate) != skiclock::NtpVerdict::kGood) return 0;
  const std::int64_t unix_ms = skiclock::unix_ms_of(reply.transmit);
  require(skiclock::is_plausible(unix_ms / 1000));
  require(skiclock::held_ms(reply) >= 0 && skiclock::held_ms(reply) <= 10000);
  require(skiclock::root_distance_ms(reply) >= 0);
  skiclock::WallTime wall;
  require(wall.set(skiclock::TimeSource::kNtp, unix_ms, 0, 0) == skiclock::Adjustment::kFirst);
  return 0;
}
