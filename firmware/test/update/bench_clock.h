// A clock on the bench, as far as updates go: what survives a restart, and one run of the program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fakes/fake_image_server.h"
#include "fakes/fake_slot.h"
#include "fakes/fake_store.h"
#include "fakes/fake_system.h"
#include "fakes/mbedtls_crypto.h"
#include "skiclock/update/http_source.h"
#include "skiclock/update/trial.h"
#include "skiclock/update/updater.h"
#include "update/images.h"

namespace bench {

inline const std::string kOld = "2026.1.1.1";
inline const std::string kNew = "2026.1.1.2";

// Writes down what it is told, a line each.
class Log : public skiclock::UpdateListener {
 public:
  void on_started(skiclock::Text session_id, skiclock::Text new_version) override;
  void on_progress(skiclock::Text session_id, std::uint8_t percent) override;
  void on_postponed(skiclock::Text session_id, const char* reason, std::uint32_t delay_ms) override;
  void on_failed(skiclock::Text session_id, const char* reason) override;
  void on_installed(skiclock::Text session_id) override;

  // How many lines begin so, and the last of them.
  std::size_t count(const std::string& beginning) const;
  std::string last(const std::string& beginning) const;

  std::vector<std::string> lines;
};

// mbedTLS, which remembers what it was asked: power is cut thousands of times over one signature.
class Signatures : public skiclock::SignaturePort {
 public:
  bool verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
              skiclock::Bytes signature) override;
  std::uint32_t verifications = 0;
};

// What a restart leaves as it was.
struct Machine {
  explicit Machine(skiclock::fakes::SlotKind kind = skiclock::fakes::SlotKind::kTwoSlots,
                   const std::string& running_version = kOld);

  skiclock::fakes::Power power;
  skiclock::fakes::FakeStore store;
  skiclock::fakes::FakeSlot slot;
  skiclock::fakes::FakeSystem system;
  skiclock::fakes::FakeImageServer server;
  std::uint32_t now_ms = 0xFFFF0000;  // the counter wraps within the first minute
};

// The program that the machine's slot holds, from its start to the next restart.
class Run {
 public:
  // The policy of tests: both keys, no jitter, whatever memory there is.
  static skiclock::UpdatePolicy policy();

  explicit Run(Machine& machine, skiclock::UpdatePolicy policy = Run::policy());

  // Turns of the main loop, 100 ms each; true once the state is reached.
  bool until(skiclock::UpdateState state, int turns = 20000);
  void turn();
  // The results that are kept, in the order in which they are published.
  std::vector<skiclock::UpdateResult> results();

  Machine& machine;
  std::string version;
  Log log;
  skiclock::UpdateRecords records;
  skiclock::Trial trial;
  skiclock::ImageServer server;
  skiclock::HttpGet http;
  skiclock::HttpImageSource source;
  skiclock::fakes::MbedSha256 sha256;
  Signatures signatures;
  skiclock::Updater updater;
  skiclock::TrialSigns signs;
};

}  // namespace bench
