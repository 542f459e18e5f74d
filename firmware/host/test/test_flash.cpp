// The slots as files: what is written is what boots, and a power cut leaves the old program.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crypto.h"
#include "files.h"
#include "flash.h"
#include "folder.h"
#include "store.h"

using namespace skiclock;
using namespace skiclock::host;

namespace {

constexpr std::uint32_t kCapacity = 64 * 1024;

std::vector<std::uint8_t> image_of(std::size_t size) {
  std::vector<std::uint8_t> image(size);
  for (std::size_t at = 0; at < size; ++at)
    image[at] = static_cast<std::uint8_t>(at * 7 + at / 251);
  return image;
}

bool write_all(FileSlot& slot, const std::vector<std::uint8_t>& image) {
  for (std::size_t at = 0; at < image.size(); at += 1000) {
    const std::size_t size = std::min<std::size_t>(1000, image.size() - at);
    if (!slot.write({image.data() + at, size})) return false;
  }
  return true;
}

void flash_something(const Folder& folder) {
  const std::string program = "#!/bin/sh\nexit 0\n";
  REQUIRE(write_file(folder / "program", program.data(), program.size()));
  REQUIRE(flash_whole(folder.path, folder / "program"));
}

// Runs `work` in a process of its own; returns its exit code.
template <typename Work>
int exit_code_of(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("an image is stored, read back, activated and goes on trial") {
  const Folder folder;
  flash_something(folder);
  const Faults faults;
  FileSlot slot(folder.path, 0, kCapacity, faults);
  CHECK(slot.boot_state() == BootState::kConfirmed);
  const auto image = image_of(5000);
  REQUIRE(slot.begin(5000));
  REQUIRE(write_all(slot, image));
  std::uint8_t back[100];
  REQUIRE(slot.read(4900, back, 100));
  CHECK(std::equal(back, back + 100, image.begin() + 4900));
  CHECK_FALSE(slot.read(4950, back, 100));
  REQUIRE(slot.activate());
  BootFlags flags = read_flags(flags_path(folder.path));
  CHECK(flags.active == 1);
  CHECK(flags.slots[1].state == SlotState::kNew);
  CHECK(flags.slots[1].sha256 == sha256_hex(image));
  choose_slot(flags, [](int) { return true; });
  REQUIRE(write_flags(flags_path(folder.path), flags));
  FileSlot of_new_image(folder.path, 1, kCapacity, faults);
  CHECK(of_new_image.boot_state() == BootState::kOnTrial);
  of_new_image.confirm();
  CHECK(of_new_image.boot_state() == BootState::kConfirmed);
}

TEST_CASE("rolling back gives the old image the next start") {
  const Folder folder;
  flash_something(folder);
  const Faults faults;
  FileSlot slot(folder.path, 0, kCapacity, faults);
  REQUIRE(slot.begin(100));
  REQUIRE(write_all(slot, image_of(100)));
  REQUIRE(slot.activate());
  const int code = exit_code_of([&] { FileSlot(folder.path, 1, kCapacity, faults).roll_back(); });
  CHECK(code == kExitRestart);
  const BootFlags flags = read_flags(flags_path(folder.path));
  CHECK(flags.active == 0);
  CHECK(flags.slots[1].state == SlotState::kInvalid);
}

TEST_CASE("without an old image rolling back returns") {
  const Folder folder;
  flash_something(folder);
  const Faults faults;
  FileSlot(folder.path, 0, kCapacity, faults).roll_back();
  CHECK(read_flags(flags_path(folder.path)).active == 0);
}

TEST_CASE("a power cut at any byte of the image leaves the old program to boot") {
  for (const std::uint32_t byte : {0U, 1U, 999U, 1000U, 2500U, 4999U}) {
    CAPTURE(byte);
    const Folder folder;
    flash_something(folder);
    Faults faults;
    faults.power_cut_at_byte = byte;
    const int code = exit_code_of([&] {
      FileSlot slot(folder.path, 0, kCapacity, faults);
      if (slot.begin(5000) && write_all(slot, image_of(5000))) slot.activate();
    });
    CHECK(code == kExitPowerCut);
    BootFlags flags = read_flags(flags_path(folder.path));
    CHECK(choose_slot(flags, [](int) { return true; }) == 0);
    CHECK(read_file(slot_path(folder.path, 1))->size() == byte);
  }
}

TEST_CASE("a corrupt byte is stored wrong, and only that") {
  const Folder folder;
  flash_something(folder);
  Faults faults;
  faults.corrupt_byte = 1234;
  FileSlot slot(folder.path, 0, kCapacity, faults);
  const auto image = image_of(3000);
  REQUIRE(slot.begin(3000));
  REQUIRE(write_all(slot, image));
  std::vector<std::uint8_t> back(3000);
  REQUIRE(slot.read(0, back.data(), back.size()));
  for (std::size_t at = 0; at < image.size(); ++at) CHECK((back[at] == image[at]) == (at != 1234));
}

TEST_CASE("a full flash and a too large image are refused") {
  const Folder folder;
  flash_something(folder);
  Faults faults;
  FileSlot slot(folder.path, 0, kCapacity, faults);
  CHECK_FALSE(slot.begin(kCapacity + 1));
  CHECK_FALSE(slot.begin(0));
  faults.flash_is_full = true;
  REQUIRE(slot.begin(20000));
  CHECK_FALSE(write_all(slot, image_of(20000)));
  FileStore store(folder / "store", faults);
  const std::uint8_t record[4] = {1, 2, 3, 4};
  CHECK_FALSE(store.write("settings", {record, 4}));
}

TEST_CASE("records are whole, replaced and erased") {
  const Folder folder;
  const Faults faults;
  FileStore store(folder / "store", faults);
  std::uint8_t buffer[8];
  CHECK(store.read("settings", buffer, sizeof buffer) == 0);
  const std::uint8_t first[3] = {1, 2, 3};
  const std::uint8_t second[5] = {9, 8, 7, 6, 5};
  REQUIRE(store.write("settings", {first, 3}));
  REQUIRE(store.write("settings", {second, 5}));
  REQUIRE(store.read("settings", buffer, sizeof buffer) == 5);
  CHECK(std::equal(second, second + 5, buffer));
  CHECK(store.read("settings", buffer, 4) == 0);
  CHECK(store.erase("settings"));
  CHECK(store.erase("settings"));
  CHECK(store.read("settings", buffer, sizeof buffer) == 0);
}
