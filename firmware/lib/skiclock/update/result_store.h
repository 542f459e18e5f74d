// How updates ended: kept in flash until the server has acknowledged it.
#pragma once

#include "skiclock/ports.h"
#include "skiclock/update/version.h"

namespace skiclock {

inline constexpr std::size_t kMaxSessionLength = 40;
inline constexpr std::size_t kMaxReasonLength = 95;

struct UpdateResult {
  char session_id[kMaxSessionLength + 1] = "";
  char old_version[kMaxVersionLength + 1] = "";
  char new_version[kMaxVersionLength + 1] = "";
  bool success = false;
  char reason[kMaxReasonLength + 1] = "";  // of a failure
};

// Up to three results, the oldest first; a fourth takes the place of the oldest. Publishing is
// the caller's: `take_due` says what and when, until `acknowledge` is called with its session.
class ResultStore {
 public:
  explicit ResultStore(StorePort& store) : store_(store) {}

  // Counts what an earlier run left. To be called once, at boot.
  void begin();
  // False where the flash refused. A session that is already kept is kept as it is.
  bool add(const UpdateResult& result);
  bool contains(Text session_id);
  // True once a result is to be published (`ota/complete`, `final`): all that are kept at once,
  // one a call, then again after 10 s, 20 s, ... 5 min.
  bool take_due(std::uint32_t now_ms, UpdateResult* result);
  // The connection is new: all are due again.
  void publish_again();
  // True where this session was waiting for it.
  bool acknowledge(Text session_id);
  std::size_t count() const;

 private:
  static constexpr std::size_t kSlots = 3;

  bool read(std::size_t slot, UpdateResult* result, std::uint32_t* number);
  void forget_all();
  std::size_t slot_of(Text session_id);
  // The slot of the oldest result that is younger than `number`; kSlots where there is none.
  std::size_t slot_after(std::uint32_t number) const;
  std::size_t slot_for_new() const;

  StorePort& store_;
  std::uint32_t numbers_[kSlots] = {};  // order of arrival; 0: empty
  std::uint32_t last_number_ = 0;       // published in this round
  std::uint32_t round_ended_ms_ = 0;
  std::uint32_t delay_ms_ = 0;  // until the next round; 0: at once
};

}  // namespace skiclock
