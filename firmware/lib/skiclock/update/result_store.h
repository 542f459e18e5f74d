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
  // True once a result is to be published (`ota/complete`, `final`): at once, then again after
  // 10 s, 20 s, ... 5 min. Connecting anew makes all due: call `publish_again` on connect.
  bool take_due(std::uint32_t now_ms, UpdateResult* result);
  void publish_again() { delay_ms_ = 0; }
  // True where this session was waiting for it.
  bool acknowledge(Text session_id);
  std::size_t count() const;

 private:
  bool read(std::size_t slot, UpdateResult* result, std::uint32_t* number);
  std::size_t slot_for_new();

  StorePort& store_;
  std::uint32_t numbers_[3] = {};  // order of arrival; 0: empty
  std::uint32_t delay_ms_ = 0;
  std::uint32_t published_ms_ = 0;
};

}  // namespace skiclock
