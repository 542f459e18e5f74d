// The boot loader with shell scripts as programs: what it starts, and when it falls back.
#include <doctest/doctest.h>

#include <string>

#include "boot_loader.h"
#include "crypto.h"
#include "files.h"
#include "flash.h"
#include "folder.h"

using namespace skiclock::host;

namespace {

void put_program(const Folder& folder, const std::string& name, const std::string& commands) {
  const std::string text = "#!/bin/sh\ncd " + folder.path + "\n" + commands + "\n";
  REQUIRE(write_file(folder / name, text.data(), text.size(), 0700));
}

void put_update(const Folder& folder, const std::string& commands) {
  put_program(folder, "slot_b", commands);
  BootFlags flags = read_flags(flags_path(folder.path));
  const auto bytes = *read_file(folder / "slot_b");
  flags.active = 1;
  flags.slots[1] = {SlotState::kNew, bytes.size(), sha256_hex(bytes)};
  REQUIRE(write_flags(flags_path(folder.path), flags));
}

int boot_program(const Folder& folder) {
  char name[] = "clock";
  char option[] = "--headless";
  char* arguments[] = {name, option, nullptr};
  return boot(folder.path, folder / "program", arguments);
}

std::string text_of_file(const Folder& folder, const std::string& name) {
  const auto bytes = read_file(folder / name);
  return bytes ? std::string(bytes->begin(), bytes->end()) : "";
}

constexpr char kNote[] = "echo $SKICLOCK_SLOT $SKICLOCK_RESET_REASON $1 >> log; ";

}  // namespace

TEST_CASE("the first start flashes the program, and its end is the end") {
  const Folder folder;
  put_program(folder, "program", std::string(kNote) + "exit 3");
  CHECK(boot_program(folder) == 3);
  CHECK(text_of_file(folder, "log") == "a power_on --headless\n");
}

TEST_CASE("a restart starts again and says so") {
  const Folder folder;
  put_program(folder, "program", std::string(kNote) + "[ $SKICLOCK_LIFE = 0 ] && exit 90; exit 0");
  CHECK(boot_program(folder) == 0);
  CHECK(text_of_file(folder, "log") == "a power_on --headless\na software --headless\n");
}

TEST_CASE("an update is booted once on trial; a crash falls back to the old program") {
  const Folder folder;
  put_program(folder, "program", std::string(kNote) + "exit 0");
  REQUIRE(boot_program(folder) == 0);
  put_update(folder, std::string(kNote) + "kill -SEGV $$");
  CHECK(boot_program(folder) == 0);
  CHECK(text_of_file(folder, "log") ==
        "a power_on --headless\nb power_on --headless\na panic --headless\n");
  CHECK(read_flags(flags_path(folder.path)).slots[1].state == SlotState::kAborted);
}

TEST_CASE("an update that confirms itself stays over restarts") {
  const Folder folder;
  put_program(folder, "program", std::string(kNote) + "exit 0");
  REQUIRE(boot_program(folder) == 0);
  put_update(folder, std::string(kNote) +
                         "sed -i 's/^b trial/b valid/' boot; "
                         "[ $SKICLOCK_LIFE = 0 ] && exit 90; exit 0");
  CHECK(boot_program(folder) == 0);
  CHECK(text_of_file(folder, "log") ==
        "a power_on --headless\nb power_on --headless\nb software --headless\n");
}

TEST_CASE("an update that is damaged in its slot is not even started") {
  const Folder folder;
  put_program(folder, "program", std::string(kNote) + "exit 0");
  REQUIRE(boot_program(folder) == 0);
  put_update(folder, "touch started");
  put_program(folder, "slot_b", "touch started; exit 1");
  CHECK(boot_program(folder) == 0);
  CHECK(text_of_file(folder, "log") == "a power_on --headless\na power_on --headless\n");
  CHECK_FALSE(read_file(folder / "started").has_value());
}

TEST_CASE("another program on the command line is flashed in place of all") {
  const Folder folder;
  put_program(folder, "program", std::string(kNote) + "exit 0");
  REQUIRE(boot_program(folder) == 0);
  put_update(folder, std::string(kNote) + "sed -i 's/^b trial/b valid/' boot; exit 0");
  REQUIRE(boot_program(folder) == 0);
  put_program(folder, "program", "echo newer >> log; exit 0");
  CHECK(boot_program(folder) == 0);
  CHECK(text_of_file(folder, "log") == "a power_on --headless\nb power_on --headless\nnewer\n");
}

TEST_CASE("two clocks do not share a folder") {
  const Folder folder;
  put_program(folder, "program", "exit 0");
  put_program(folder, "other", "exit 0");
  REQUIRE(boot_program(folder) == 0);
  const std::string command = "exec 9> " + (folder / "lock") + "; flock -x 9; touch " +
                              (folder / "locked") + "; sleep 60 & echo $! > " + (folder / "pid") +
                              "; wait";
  put_program(folder, "holder", command);
  FILE* holder = ::popen((folder / "holder").c_str(), "r");
  REQUIRE(holder != nullptr);
  while (!read_file(folder / "locked") || text_of_file(folder, "pid").empty()) {
  }
  CHECK(boot_program(folder) == 75);
  CHECK(::system(("kill " + text_of_file(folder, "pid")).c_str()) == 0);
  ::pclose(holder);
}
