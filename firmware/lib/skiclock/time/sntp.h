// Asks NTP servers for the time, hourly, one after the other until one answers well.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"
#include "skiclock/time/ntp_packet.h"
#include "skiclock/time/wall_time.h"

namespace skiclock {

inline constexpr std::size_t kNtpServers = 3;

enum class SntpState : std::uint8_t {
  kWaiting,  // for the next round, or for the network
  kAsking,   // a request is out
};

// What `poll` has to tell.
enum class SntpNews : std::uint8_t {
  kNothing,
  kSynchronised,  // the wall time was set; `adjustment` says how
  kFailed,        // no server gave a good answer in this round
};

// A round asks the servers in their order of preference until one gives a good answer. After it
// an hour passes, jittered; after a failed one 16 s, doubling to an hour (RFC 4330: never less
// than 15 s). An answer far from a time that NTP told before must be confirmed by a second one.
class Sntp {
 public:
  // The three outlive this object.
  Sntp(UdpPort& udp, SystemPort& system, WallTime& wall);

  // Names in order of preference, "" for none; the texts must stay where they are. Call it again
  // when they may have changed: if they did, a round begins at once, and what a server forbade is
  // forgotten.
  void use(const char* first, const char* second, const char* third);

  // Each loop. May block for as long as `UdpPort::send` does.
  SntpNews poll(bool is_network_up, std::uint32_t now_ms);

  SntpState state() const { return state_; }
  Adjustment adjustment() const { return adjustment_; }
  // The server that told the time last; "" where none has.
  const char* server() const { return last_good_; }
  // Why the last server that failed did so, in a few words; "" where none has.
  const char* problem() const { return problem_; }

 private:
  void schedule(std::uint32_t now_ms, std::uint32_t delay_ms);
  void note_network(bool is_up, std::uint32_t now_ms);
  SntpNews begin_round(std::uint32_t now_ms);
  SntpNews ask_next(std::uint32_t now_ms);
  SntpNews listen(std::uint32_t now_ms);
  SntpNews take(const NtpReply& reply, std::uint32_t now_ms);
  SntpNews accept(const NtpReply& reply, std::uint32_t now_ms);
  SntpNews fail_server(const char* why, std::uint32_t now_ms);
  bool may_ask(std::size_t server) const;
  bool is_suspect(std::int64_t unix_ms, std::uint32_t now_ms);

  UdpPort& udp_;
  SystemPort& system_;
  WallTime& wall_;
  const char* servers_[kNtpServers] = {"", "", ""};
  std::uint8_t rests_rounds_[kNtpServers] = {};  // rounds in which a server is left in peace
  bool is_forbidden_[kNtpServers] = {};
  SntpState state_ = SntpState::kWaiting;
  Adjustment adjustment_ = Adjustment::kIgnored;
  bool is_due_ = false;
  bool was_up_ = false;
  bool has_just_asked_ = false;
  bool has_suspect_ = false;
  std::uint8_t failures_ = 0;     // rounds in a row
  std::uint8_t coarse_ = 0;       // answers in a row that took too long on their way
  std::size_t server_ = 0;        // that is asked now
  std::uint32_t names_hash_ = 0;  // tells a changed text in its old place
  std::uint32_t due_ms_ = 0;
  std::uint32_t asked_ms_ = 0;
  NtpTimestamp nonce_ = 0;
  std::int64_t suspect_offset_ms_ = 0;
  const char* last_good_ = "";
  const char* problem_ = "";
};

}  // namespace skiclock
