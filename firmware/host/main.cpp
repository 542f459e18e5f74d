// The ski clock as a Linux program: what is asked for, then boot loader or clock.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "boot_loader.h"
#include "build.h"
#include "clock.h"
#include "files.h"
#include "flash.h"
#include "options.h"

namespace {

using skiclock::Trust;
using skiclock::host::Options;

constexpr int kExitUsage = 2;

volatile std::sig_atomic_t is_to_end = 0;

void ask_to_end(int) { is_to_end = 1; }

// A clock keeps the id that it was born with.
std::string device_id_in(const std::string& folder) {
  const std::string path = folder + "/device_id";
  if (const auto kept = skiclock::host::read_file(path)) {
    return std::string(kept->begin(), kept->end());
  }
  skiclock::host::System system;
  char id[13];
  std::snprintf(id, sizeof id, "%04x%08x", static_cast<unsigned>(system.random() & 0xFFFF) | 0x1000,
                static_cast<unsigned>(system.random()));
  skiclock::host::make_folders(folder);
  skiclock::host::write_file(path, id, 12);
  return id;
}

bool is_provisioned(const Options& options) {
  return skiclock::host::read_file(options.data + "/store/settings").has_value() ||
         skiclock::host::read_file(options.data + "/store/identity").has_value();
}

// What a clock cannot do without, or "".
std::string missing(const Options& options) {
  if (is_provisioned(options)) return "";
  if (options.mqtt_host.empty()) return "Name the broker: --mqtt-host, or MQTT_HOST.";
  if (options.trust == Trust::kVerified && options.roots_pem.empty()) {
    return "Name the root certificate of broker and server: --ca FILE; or --trust insecure, or"
           " --trust plain.";
  }
  return "";
}

void only_in_first_life(Options& options) {
  const char* life = std::getenv(skiclock::host::kLifeVariable);
  if (life == nullptr || std::string(life) == "0") return;
  options.faults.power_cut_at_byte.reset();
  options.faults.corrupt_byte.reset();
  options.faults.stall_at_byte.reset();
  options.faults.wifi_lost_after_s.reset();
}

int run_clock(Options& options, const std::string& slot) {
  struct sigaction action = {};
  action.sa_handler = ask_to_end;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  only_in_first_life(options);
  skiclock::host::Clock clock(options, slot == "b" ? 1 : 0);
  return clock.run(&is_to_end);
}

int give_up(const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  return kExitUsage;
}

}  // namespace

int main(int count, char** arguments) {
  Options options;
  std::string problem;
  if (!skiclock::host::read_options(count, arguments, &options, &problem)) return give_up(problem);
  if (options.wants_help) return std::fputs(skiclock::host::usage().c_str(), stdout) < 0 ? 1 : 0;
  if (options.wants_version) return std::puts(skiclock::host::build_version()) < 0 ? 1 : 0;
  problem = missing(options);
  if (!problem.empty()) return give_up(problem);
  if (options.device_id.empty()) options.device_id = device_id_in(options.data);
  // The boot loader starts this same program, or the one that an update put in its place.
  const char* slot = std::getenv(skiclock::host::kSlotVariable);
  if (slot == nullptr) return skiclock::host::boot(options.data, "/proc/self/exe", arguments);
  return run_clock(options, slot);
}
