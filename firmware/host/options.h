// The command line: what a real clock has compiled in or provisioned, and faults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "faults.h"
#include "skiclock/ports.h"

namespace skiclock::host {

struct Options {
  std::string data;
  std::string device_id;
  std::string name;
  std::string server;
  std::string download_key;
  std::string mqtt_host;
  std::uint16_t mqtt_port = 0;  // 0: by trust
  std::string mqtt_username;
  std::string mqtt_password;
  std::string roots_pem;
  std::string topic_prefix = "skiclock";
  Trust trust = Trust::kVerified;
  std::vector<int> wall = {2};  // panels of each row, from the top
  std::string png;
  std::uint32_t trial_s = 180;
  std::uint32_t heartbeat_s = 60;
  std::uint32_t jitter_s = 120;
  bool is_headless = false;
  bool has_rtc = true;
  bool has_thermometer = true;
  bool has_wifi = true;  // false: as a new board, until it is given a network
  bool speaks_improv = false;
  bool wants_help = false;
  bool wants_version = false;
  Faults faults;
};

// Reads the command line, and the environment for what it does not say. False with a sentence.
bool read_options(int count, char** arguments, Options* options, std::string* problem);

// What `--help` prints.
std::string usage();

}  // namespace skiclock::host
