// The command line.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "files.h"
#include "folder.h"
#include "options.h"

using namespace skiclock;
using namespace skiclock::host;

namespace {

bool read(std::vector<std::string> words, Options* options, std::string* problem) {
  words.insert(words.begin(), "skiclock-clock");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return read_options(static_cast<int>(arguments.size()), arguments.data(), options, problem);
}

}  // namespace

TEST_CASE("values are read from words of their own and behind an equals sign") {
  Options options;
  std::string problem;
  REQUIRE(read({"--device-id", "c10c4", "--wall=4+3", "--trust=plain", "--headless"}, &options,
               &problem));
  CHECK(options.device_id == "c10c4");
  CHECK(options.wall == std::vector<int>{4, 3});
  CHECK(options.trust == Trust::kPlain);
  CHECK(options.mqtt_port == 1883);
  CHECK(options.is_headless);
}

TEST_CASE("faults have places and lengths") {
  Options options;
  std::string problem;
  REQUIRE(read({"--wifi-lost", "30:12", "--power-cut=4096", "--stall=100:5", "--rtc-error=-3600",
                "--full-flash"},
               &options, &problem));
  CHECK(options.faults.wifi_lost_after_s == 30);
  CHECK(options.faults.wifi_lost_for_s == 12);
  CHECK(options.faults.power_cut_at_byte == 4096);
  CHECK(options.faults.stall_at_byte == 100);
  CHECK(options.faults.stall_for_s == 5);
  CHECK(options.faults.rtc_error_s == -3600);
  CHECK(options.faults.flash_is_full);
}

TEST_CASE("what is wrong is said with its name") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
      {{"--nonsense"}, "--nonsense: there is no such option"},
      {{"extra"}, "extra: there is no such option"},
      {{"--device-id"}, "--device-id wants a value"},
      {{"--device-id", "C10C4"}, "--device-id: 'C10C4' must be 1 to 16 digits"},
      {{"--wall", "4+"}, "--wall: '4+' must be like 4+4"},
      {{"--wall", "4+4+1"}, "more than 4 rows or 8 panels"},
      {{"--mqtt-port", "70000"}, "--mqtt-port: '70000' is no port"},
      {{"--ca", "/nowhere/ca.pem"}, "--ca: '/nowhere/ca.pem' cannot be read"},
      {{"--trust", "maybe"}, "verified, insecure or plain"},
  };
  for (const auto& [words, wanted] : rows) {
    Options options;
    std::string problem;
    CHECK_FALSE(read(words, &options, &problem));
    CHECK_MESSAGE(problem.find(wanted) != std::string::npos, problem);
  }
}

TEST_CASE("secrets come from the environment or a file, and the command line wins") {
  const Folder folder;
  REQUIRE(write_file(folder / "password", "from file\n", 10));
  ::setenv("MQTT_PASSWORD", "from environment", 1);
  Options options;
  std::string problem;
  REQUIRE(read({}, &options, &problem));
  CHECK(options.mqtt_password == "from environment");
  REQUIRE(read({"--mqtt-password-file", folder / "password"}, &options, &problem));
  CHECK(options.mqtt_password == "from file");
  ::unsetenv("MQTT_PASSWORD");
}

TEST_CASE("help names every option once") {
  const std::string text = usage();
  CHECK(text.find("--device-id HEX") != std::string::npos);
  CHECK(text.find("[MQTT_HOST]") != std::string::npos);
}
