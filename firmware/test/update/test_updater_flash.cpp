// Flash that fails, and images that a chip could not boot: the running program stays.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "update/bench_clock.h"

using namespace skiclock;
using bench::kNew;
using bench::kOld;
using bench::Machine;
using bench::Run;

namespace {

// Installs this image; the reason of the failure, "" where it went well.
std::string install(Machine& machine, const std::string& image,
                    UpdatePolicy policy = Run::policy()) {
  machine.server.image = image;
  Run run(machine, policy);
  const auto offered = images::offered("s1", image, kNew);
  REQUIRE(run.updater.offer(offered.offer(), UpdateTrigger::kHourly, machine.now_ms) ==
          OfferAnswer::kAccepted);
  for (int i = 0; i < 10000 && !run.updater.wants_restart(); ++i) run.turn();
  if (run.updater.wants_restart()) return "";
  CHECK(run.updater.state() == UpdateState::kIdle);
  CHECK(run.updater.percent() == 0);
  const std::string line = run.log.last("failed s1 ");
  return line.empty() ? "nothing was said" : line.substr(10);
}

std::string gzip(std::uint32_t packed_bytes, std::uint32_t unpacked_bytes) {
  std::string image = "\x1F\x8B" + std::string(packed_bytes - 6, 'x');
  for (int shift = 0; shift < 32; shift += 8) {
    image += static_cast<char>(unpacked_bytes >> shift & 0xFF);
  }
  return image;
}

}  // namespace

TEST_CASE("flash that fails ends the update with its words, and the old program runs on") {
  struct Row {
    const char* reason;
    std::function<void(Machine&)> fault;
  };
  const Row rows[] = {
      {"the flash could not be erased", [](Machine& m) { m.slot.refuses_begin = true; }},
      {"the flash could not be written", [](Machine& m) { m.slot.refuses_write_at = 0; }},
      {"the flash could not be written", [](Machine& m) { m.slot.refuses_write_at = 4999; }},
      {"the downloaded image has another hash than was signed",
       [](Machine& m) { m.slot.flips_bit_at = 2500; }},
      {"the flash could not be read back", [](Machine& m) { m.slot.refuses_read_at = 2500; }},
      {"the flash refused the switch", [](Machine& m) { m.slot.refuses_activate = true; }},
      {"the flash takes no records", [](Machine& m) { m.store.is_full = true; }},
      {"the flash takes no records", [](Machine& m) { m.store.full_after = 1; }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.reason);
    Machine machine;
    row.fault(machine);
    CHECK(install(machine, images::program(kNew, 5000)) == row.reason);
    machine.slot.boot(false);
    CHECK(images::version_of(machine.slot.running()) == kOld);
    CHECK_FALSE(machine.store.records.count("update"));
  }
}

TEST_CASE("a switch that is not noted is still a switch") {
  Machine machine;
  machine.store.full_after = 2;
  CHECK(install(machine, images::program(kNew, 5000)) == "");
  machine.slot.boot(false);
  CHECK(images::version_of(machine.slot.running()) == kNew);
}

TEST_CASE("an update after a failed one begins from nothing") {
  Machine machine;
  machine.slot.refuses_write_at = 3000;
  machine.server.image = images::program(kNew, 5000);
  Run run(machine);
  const auto first = images::offered("s1", machine.server.image, kNew);
  const auto second = images::offered("s2", machine.server.image, kNew);
  run.updater.offer(first.offer(), UpdateTrigger::kHourly, machine.now_ms);
  REQUIRE(run.until(UpdateState::kWaiting));
  REQUIRE(run.until(UpdateState::kIdle));
  machine.slot.refuses_write_at = 0xFFFFFFFF;
  run.updater.offer(second.offer(), UpdateTrigger::kHourly, machine.now_ms);
  REQUIRE(run.until(UpdateState::kRestarting));
  CHECK(machine.server.requests.back().find("Range") == std::string::npos);
  machine.slot.boot(false);
  CHECK(images::version_of(machine.slot.running()) == kNew);
}

TEST_CASE("an ESP32 boots no packed image and no image of another kind") {
  UpdatePolicy policy = Run::policy();
  policy.image_kind = ImageKind::kEspImage;
  for (const std::string& image : {gzip(5000, 9000), images::program(kNew, 5000)}) {
    Machine machine;
    CHECK(install(machine, image, policy) == "this is not an image for this chip");
  }
  Machine machine;
  CHECK(install(machine, "\xE9" + images::program(kNew, 5000), policy) == "");
}

TEST_CASE("an ESP8266 stores a packed image as it came, where it fits unpacked") {
  UpdatePolicy policy = Run::policy();
  policy.image_kind = ImageKind::kEspImageOrGzip;
  policy.unpack_area_end = 64 * 1024;
  Machine fits(fakes::SlotKind::kStaged);
  const std::string image = gzip(20000, 40000);
  CHECK(install(fits, image, policy) == "");
  fits.slot.boot(false);
  CHECK(fits.slot.running() == image);
  Machine too_large(fakes::SlotKind::kStaged);
  CHECK(install(too_large, gzip(20000, 46000), policy) ==
        "the image does not fit once it is unpacked");
}

TEST_CASE("what is stored is read back in pieces, so that the display goes on") {
  Machine machine;
  UpdatePolicy policy = Run::policy();
  policy.verify_bytes_per_poll = 1000;
  machine.server.image = images::program(kNew, 9500);
  Run run(machine, policy);
  const auto offered = images::offered("s1", machine.server.image, kNew);
  run.updater.offer(offered.offer(), UpdateTrigger::kHourly, machine.now_ms);
  REQUIRE(run.until(UpdateState::kReadingBack));
  for (int i = 0; i < 9; ++i) run.turn();
  CHECK(run.updater.state() == UpdateState::kReadingBack);
  CHECK(run.until(UpdateState::kVerifying, 1));
  CHECK(run.until(UpdateState::kSwitching, 1));
  CHECK(run.until(UpdateState::kRestarting, 1));
}
