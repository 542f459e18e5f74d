// Which slot boots, start after start.
#include <doctest/doctest.h>

#include "boot_flags.h"
#include "files.h"
#include "folder.h"

using namespace skiclock::host;

namespace {

bool all_whole(int) { return true; }

BootFlags flags_of(SlotState a, SlotState b, int active) {
  BootFlags flags;
  flags.active = active;
  flags.slots[0] = {a, 100, "aa"};
  flags.slots[1] = {b, 200, "bb"};
  return flags;
}

}  // namespace

TEST_CASE("every state of the active slot has its consequence at a start") {
  struct Row {
    const char* what;
    SlotState active, other;
    int chosen;  // 0 the active one, 1 the other, -1 none
    SlotState active_after;
  };
  using S = SlotState;
  const Row rows[] = {
      {"confirmed stays", S::kValid, S::kValid, 0, S::kValid},
      {"new goes on trial", S::kNew, S::kValid, 0, S::kOnTrial},
      {"trial without a word falls back", S::kOnTrial, S::kValid, 1, S::kAborted},
      {"given up falls back", S::kInvalid, S::kValid, 1, S::kInvalid},
      {"aborted stays away", S::kAborted, S::kValid, 1, S::kAborted},
      {"empty falls back", S::kEmpty, S::kValid, 1, S::kEmpty},
      {"no fall back on what is not confirmed", S::kOnTrial, S::kAborted, -1, S::kAborted},
      {"nothing at all", S::kEmpty, S::kEmpty, -1, S::kEmpty},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    BootFlags flags = flags_of(row.active, row.other, 0);
    CHECK(choose_slot(flags, all_whole) == row.chosen);
    CHECK(flags.slots[0].state == row.active_after);
    if (row.chosen >= 0) CHECK(flags.active == row.chosen);
  }
}

TEST_CASE("a new image whose bytes are not whole never boots") {
  BootFlags flags = flags_of(SlotState::kValid, SlotState::kNew, 1);
  CHECK(choose_slot(flags, [](int slot) { return slot == 0; }) == 0);
  CHECK(flags.slots[1].state == SlotState::kInvalid);
}

TEST_CASE("flags survive being written and read") {
  const Folder folder;
  REQUIRE(write_flags(folder / "boot", flags_of(SlotState::kValid, SlotState::kOnTrial, 1)));
  const BootFlags read = read_flags(folder / "boot");
  CHECK(read.active == 1);
  CHECK(read.slots[0].state == SlotState::kValid);
  CHECK(read.slots[1].state == SlotState::kOnTrial);
  CHECK(read.slots[1].size == 200);
  CHECK(read.slots[1].sha256 == "bb");
}

TEST_CASE("missing or damaged flags mean that nothing is flashed") {
  const Folder folder;
  CHECK(read_flags(folder / "boot").slots[0].state == SlotState::kEmpty);
  for (const std::string text : {"", "active", "active b\na val", "\xff\xff\xff\xff"}) {
    REQUIRE(write_file(folder / "boot", text.data(), text.size()));
    CHECK(read_flags(folder / "boot").slots[0].state == SlotState::kEmpty);
    CHECK(read_flags(folder / "boot").slots[1].state == SlotState::kEmpty);
  }
}
