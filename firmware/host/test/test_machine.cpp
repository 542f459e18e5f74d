// The rest of the simulated chip.
#include <doctest/doctest.h>

#include <ctime>
#include <string>

#include "folder.h"
#include "machine.h"

using namespace skiclock;
using namespace skiclock::host;

TEST_CASE("the battery-backed clock is off as the fault says, until it is set") {
  Faults faults;
  faults.rtc_error_s = -7200;
  Rtc rtc(true, faults);
  std::int64_t time = 0;
  REQUIRE(rtc.read(&time));
  CHECK(std::time(nullptr) - time >= 7199);
  REQUIRE(rtc.write(std::time(nullptr)));
  REQUIRE(rtc.read(&time));
  CHECK(std::time(nullptr) - time < 60);
  Rtc none(false, faults);
  CHECK_FALSE(none.read(&time));
  CHECK_FALSE(none.write(time));
}

TEST_CASE("the thermometer takes its time and reads a winter's day") {
  Thermometer thermometer(true);
  std::int16_t tenths = 0;
  CHECK(thermometer.read(&tenths) == Reading::kPending);
  while (thermometer.read(&tenths) == Reading::kPending) {
  }
  CHECK(tenths >= -110);
  CHECK(tenths <= 0);
  Thermometer none(false);
  CHECK(none.read(&tenths) == Reading::kAbsent);
}

TEST_CASE("a press of a key lasts, and can be taken back") {
  Button button;
  CHECK_FALSE(button.is_pressed());
  button.press_for(std::chrono::hours(1));
  CHECK(button.is_pressed());
  button.release();
  CHECK_FALSE(button.is_pressed());
}

TEST_CASE("a build without its driver never joins a network") {
  const Faults faults;
  const Folder folder;
  Network network(folder / "wifi", "Linux", faults, false);
  CHECK_FALSE(network.is_up());
  char name[4];
  network.ssid(name, sizeof name);
  CHECK(std::string(name) == "Lin");
  CHECK(network.add_network("Skistadion", "secret"));
}

TEST_CASE("a new board joins no network until it is given one, and knows that one ever after") {
  const Faults faults;
  const Folder folder;
  const auto name_of = [](Network& network) {
    char name[16];
    network.ssid(name, sizeof name);
    return std::string(name);
  };
  Network fresh(folder / "wifi", "", faults, true);
  CHECK(name_of(fresh).empty());
  CHECK(fresh.add_network("Skistadion", "secret"));
  Network later(folder / "wifi", "", faults, true);
  CHECK(name_of(later) == "Skistadion");
  later.forget_networks();
  Network reset(folder / "wifi", "", faults, true);
  CHECK(name_of(reset).empty());
}
