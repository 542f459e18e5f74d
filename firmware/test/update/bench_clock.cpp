// A clock on the bench, as far as updates go.
#include "update/bench_clock.h"

#include <doctest/doctest.h>

#include <map>

namespace bench {
namespace {

using namespace skiclock;

std::string str(Text text) { return {text.data, text.size}; }

Text text(const std::string& from) { return {from.data(), from.size()}; }

ImageServer address() {
  ImageServer server;
  server.url = text_of("http://clocks.example:8080/");
  server.platform = text_of("linux");
  server.api_key = text_of("download-key");
  server.trust = Trust::kPlain;
  return server;
}

UpdatePolicy with_version(UpdatePolicy policy, const std::string& version) {
  policy.running_version = text(version);
  return policy;
}

}  // namespace

void Log::on_started(Text session_id, Text new_version) {
  lines.push_back("started " + str(session_id) + " " + str(new_version));
}

void Log::on_progress(Text session_id, std::uint8_t percent) {
  lines.push_back("progress " + str(session_id) + " " + std::to_string(percent));
}

void Log::on_postponed(Text session_id, const char* reason, std::uint32_t delay_ms) {
  lines.push_back("postponed " + str(session_id) + " " + std::to_string(delay_ms) + " " + reason);
}

void Log::on_failed(Text session_id, const char* reason) {
  lines.push_back("failed " + str(session_id) + " " + reason);
}

void Log::on_installed(Text session_id) { lines.push_back("installed " + str(session_id)); }

std::size_t Log::count(const std::string& beginning) const {
  std::size_t found = 0;
  for (const std::string& line : lines) found += line.compare(0, beginning.size(), beginning) == 0;
  return found;
}

std::string Log::last(const std::string& beginning) const {
  std::string found;
  for (const std::string& line : lines) {
    if (line.compare(0, beginning.size(), beginning) == 0) found = line;
  }
  return found;
}

bool Signatures::verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
                        Bytes signature) {
  static std::map<std::string, bool> known;
  ++verifications;
  std::string question(public_key, public_key + 65);
  question.append(digest, digest + 32).append(str(text_of(signature)));
  const auto found = known.find(question);
  if (found != known.end()) return found->second;
  return known[question] = fakes::MbedSignature().verify(public_key, digest, signature);
}

Machine::Machine(fakes::SlotKind kind, const std::string& running_version)
    : store(power),
      slot(images::program(running_version, 700), 100000, kind, power),
      server(power) {}

UpdatePolicy Run::policy() {
  UpdatePolicy policy;
  policy.platform = text_of("linux");
  for (const images::Key key : {images::kCurrent, images::kNext}) {
    REQUIRE(policy.keys.add(text_of(kGoldenKeys[key].point_hex)));
  }
  policy.connect_jitter_ms = 0;
  policy.broadcast_jitter_ms = 0;
  return policy;
}

Run::Run(Machine& on, UpdatePolicy policy)
    : machine(on),
      version(images::version_of(on.slot.running())),
      records(on.store),
      trial(on.slot, records, on.system),
      server(address()),
      http(on.server),
      source(http, server),
      updater(with_version(policy, version), {on.slot, source, sha256, signatures, on.system},
              records, log) {
  trial.begin(text(version), machine.now_ms);
}

void Run::turn() {
  machine.now_ms += 100;
  trial.poll(machine.now_ms, signs);
  updater.poll(machine.now_ms);
}

bool Run::until(UpdateState state, int turns) {
  for (int i = 0; i < turns && updater.state() != state; ++i) turn();
  return updater.state() == state;
}

std::vector<UpdateResult> Run::results() {
  std::vector<UpdateResult> found;
  records.results.publish_again();
  UpdateResult result;
  while (records.results.take_due(machine.now_ms, &result)) found.push_back(result);
  return found;
}

}  // namespace bench
