// What a restart makes of the update that it finds.
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "fakes/fake_store.h"
#include "skiclock/update/attempt.h"

using namespace skiclock;
using P = AttemptPhase;
using R = Running;
using V = Verdict;

namespace {

struct Row {
  P phase;
  R running;
  V on_trial;
  V settled;
  V power_cut;
};

}  // namespace

TEST_CASE("each phase is judged by what runs, whether it is on trial, and a power cut") {
  const Row rows[] = {
      {P::kDownloading, R::kNew, V::kBeginTrial, V::kSucceeded, V::kSucceeded},
      {P::kDownloading, R::kOld, V::kInterrupted, V::kInterrupted, V::kInterrupted},
      {P::kDownloading, R::kOther, V::kInterrupted, V::kInterrupted, V::kInterrupted},
      {P::kSwitching, R::kNew, V::kBeginTrial, V::kSucceeded, V::kSucceeded},
      {P::kSwitching, R::kOld, V::kRollBack, V::kStrike, V::kStrike},
      {P::kSwitching, R::kOther, V::kRollBack, V::kStrike, V::kStrike},
      {P::kSwitched, R::kNew, V::kBeginTrial, V::kSucceeded, V::kSucceeded},
      {P::kSwitched, R::kOld, V::kRollBack, V::kRefuse, V::kStrike},
      {P::kSwitched, R::kOther, V::kRollBack, V::kRefuse, V::kStrike},
      {P::kOnTrial, R::kNew, V::kRollBack, V::kSucceeded, V::kSucceeded},
      {P::kOnTrial, R::kOld, V::kRollBack, V::kRefuse, V::kStrike},
      {P::kOnTrial, R::kOther, V::kRollBack, V::kRefuse, V::kStrike},
      {P::kRollingBack, R::kNew, V::kRollBack, V::kStuck, V::kStuck},
      {P::kRollingBack, R::kOld, V::kRefuse, V::kRefuse, V::kRefuse},
      {P::kRollingBack, R::kOther, V::kRefuse, V::kRefuse, V::kRefuse},
  };
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.phase));
    CAPTURE(static_cast<int>(row.running));
    CHECK(judge(row.phase, row.running, true, false) == row.on_trial);
    CHECK(judge(row.phase, row.running, true, true) == row.on_trial);
    CHECK(judge(row.phase, row.running, false, false) == row.settled);
    CHECK(judge(row.phase, row.running, false, true) == row.power_cut);
  }
}

TEST_CASE("the attempt comes back as it was written, the longest too, until it is erased") {
  fakes::FakeStore store;
  AttemptStore attempts(store);
  Attempt found;
  CHECK_FALSE(attempts.read(&found));
  Attempt longest;
  longest.phase = P::kRollingBack;
  std::memset(longest.session_id, 's', kMaxSessionLength);
  std::memset(longest.old_version, 'o', kMaxVersionLength);
  std::memset(longest.new_version, 'n', kMaxVersionLength);
  std::memset(longest.reason, 'r', kMaxReasonLength);
  REQUIRE(attempts.write(longest));
  REQUIRE(attempts.read(&found));
  CHECK(found.phase == P::kRollingBack);
  CHECK(std::string(found.session_id) == longest.session_id);
  CHECK(std::string(found.old_version) == longest.old_version);
  CHECK(std::string(found.new_version) == longest.new_version);
  CHECK(std::string(found.reason) == longest.reason);
  REQUIRE(attempts.erase());
  CHECK_FALSE(attempts.read(&found));
}

TEST_CASE("a damaged attempt is none") {
  fakes::FakeStore store;
  AttemptStore attempts(store);
  REQUIRE(attempts.write({}));
  const auto good = store.records.at("update");
  Attempt found;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    store.records["update"] = good;
    store.records["update"][bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK_FALSE(attempts.read(&found));
  }
}
