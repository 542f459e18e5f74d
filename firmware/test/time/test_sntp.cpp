// SNTP over a fake network: rounds, fallback, kisses of death, strays, backoff.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "fakes/fake_system.h"
#include "skiclock/time/sntp.h"
#include "time/ntp_answer.h"

using skiclock::Adjustment;
using skiclock::Sntp;
using skiclock::SntpNews;
using skiclock::SntpState;
using skiclock::TimeSource;
using skiclock::WallTime;

namespace {

constexpr std::int64_t kNoonMs = 1795521600000;

// Servers by name; each answers at once with its own idea of the time, or not at all.
class FakeServers : public skiclock::UdpPort {
 public:
  struct Server {
    bool is_known = true;  // its name can be found
    bool is_silent = false;
    std::int64_t wrong_by_ms = 0;
    NtpAnswer answer;
  };

  bool send(const char* host, std::uint16_t port, skiclock::Bytes datagram) override {
    CHECK(port == 123);
    REQUIRE(datagram.size == 48);
    asked.emplace_back(host);
    Server& server = servers[host];
    if (!server.is_known) return false;
    std::uint64_t nonce = 0;
    for (std::size_t i = 40; i < 48; ++i) nonce = nonce << 8 | datagram.data[i];
    nonces.push_back(nonce);
    if (server.is_silent) return true;
    NtpAnswer answer = server.answer;
    answer.originate = nonce;
    answer.unix_ms = true_ms + server.wrong_by_ms;
    answer.reference_unix_ms = answer.unix_ms - 60000;
    const auto packet = answer.encode();
    arrived.emplace_back(packet.begin(), packet.end());
    return true;
  }

  std::size_t receive(std::uint8_t* buffer, std::size_t capacity) override {
    if (arrived.empty()) return 0;
    const std::vector<std::uint8_t> datagram = arrived.front();
    arrived.pop_front();
    const std::size_t size = std::min(datagram.size(), capacity);
    std::copy_n(datagram.begin(), size, buffer);
    return size;
  }

  std::map<std::string, Server> servers;
  std::vector<std::string> asked;
  std::vector<std::uint64_t> nonces;
  std::deque<std::vector<std::uint8_t>> arrived;
  std::int64_t true_ms = kNoonMs;
};

// A clock on a network, and time that passes in steps of 10 ms.
struct Bench {
  FakeServers net;
  skiclock::fakes::FakeSystem system;
  WallTime wall;
  Sntp sntp{net, system, wall};
  std::uint32_t now_ms = 0xFFFFF000U;  // about to wrap
  bool is_up = true;
  int synchronised = 0;
  int failed = 0;

  Bench() { sntp.use("one", "two", "three"); }

  void pass(std::uint32_t ms, std::uint32_t step_ms = 10) {
    for (std::uint32_t passed = 0; passed < ms; passed += step_ms) {
      now_ms += step_ms;
      net.true_ms += step_ms;
      wall.poll(now_ms);
      const SntpNews news = sntp.poll(is_up, now_ms);
      if (news == SntpNews::kSynchronised) ++synchronised;
      if (news == SntpNews::kFailed) ++failed;
    }
  }
  std::vector<std::string> asked_during(std::uint32_t ms, std::uint32_t step_ms = 10) {
    net.asked.clear();
    pass(ms, step_ms);
    return net.asked;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("within seconds of the network the time is set") {
  Bench bench;
  bench.is_up = false;
  CHECK(bench.asked_during(5000).empty());
  bench.is_up = true;
  CHECK(bench.asked_during(2500) == Names{"one"});
  CHECK(bench.synchronised == 1);
  CHECK(bench.wall.source() == TimeSource::kNtp);
  CHECK(bench.sntp.adjustment() == Adjustment::kFirst);
  CHECK(std::string(bench.sntp.server()) == "one");
  const std::int64_t error_ms = bench.wall.unix_ms(bench.now_ms) - bench.net.true_ms;
  CHECK(error_ms >= -10);
  CHECK(error_ms <= 10);
  CHECK(bench.wall.error_ms(bench.now_ms) < 50);
}

TEST_CASE("it asks again hourly, not all clocks at the same second") {
  Bench bench;
  bench.pass(2500);
  std::uint32_t last_ms = bench.now_ms;
  std::vector<std::uint32_t> gaps_s;
  for (int i = 0; i < 6; ++i) {
    bench.net.asked.clear();
    while (bench.net.asked.empty()) bench.pass(1000, 100);
    gaps_s.push_back((bench.now_ms - last_ms) / 1000);
    last_ms = bench.now_ms;
    bench.pass(2000, 100);
  }
  for (const std::uint32_t gap_s : gaps_s) {
    CHECK(gap_s >= 3290);
    CHECK(gap_s <= 3905);
  }
  CHECK(gaps_s[0] != gaps_s[1]);
}

TEST_CASE("each request has a nonce of its own") {
  Bench bench;
  bench.net.servers["one"].is_silent = true;
  bench.pass(3600 * 1000 * 3, 1000);
  std::sort(bench.net.nonces.begin(), bench.net.nonces.end());
  REQUIRE(bench.net.nonces.size() > 4);
  CHECK(std::adjacent_find(bench.net.nonces.begin(), bench.net.nonces.end()) ==
        bench.net.nonces.end());
}

struct Fault {
  const char* name;
  void (*spoil)(FakeServers::Server&);
  const char* problem;
};

TEST_CASE("whatever is wrong with the first server, the second is asked") {
  for (const Fault& fault : {
           Fault{"silent", [](auto& s) { s.is_silent = true; }, "no answer"},
           Fault{"unknown", [](auto& s) { s.is_known = false; }, "name not found or not reachable"},
           Fault{"leap", [](auto& s) { s.answer.leap = 3; }, "server has no time"},
           Fault{"years", [](auto& s) { s.wrong_by_ms = -40000000000; }, "implausible time"},
           Fault{"deny", [](auto& s) { s.answer.kiss("DENY"); }, "server forbids"},
           Fault{"rate", [](auto& s) { s.answer.kiss("RATE"); }, "asked too often"},
           Fault{"mode", [](auto& s) { s.answer.mode = 3; }, "no answer"},
       }) {
    CAPTURE(fault.name);
    Bench bench;
    fault.spoil(bench.net.servers["one"]);
    CHECK(bench.asked_during(6000) == Names{"one", "two"});
    CHECK(bench.synchronised == 1);
    CHECK(std::string(bench.sntp.server()) == "two");
    CHECK(std::string(bench.sntp.problem()) == fault.problem);
  }
}

TEST_CASE("a server that forbids is not asked again, until the servers are set anew") {
  Bench bench;
  bench.net.servers["one"].answer.kiss("DENY");
  bench.pass(6000);
  for (const std::string& name : bench.asked_during(3600 * 1000 * 10, 1000)) CHECK(name == "two");
  bench.net.servers["one"].answer = NtpAnswer{};
  bench.sntp.use("one", "two", "");
  CHECK(bench.asked_during(3000) == Names{"one"});
}

TEST_CASE("servers that were set again and are the same are not asked anew") {
  Bench bench;
  char name[8] = "one";
  bench.sntp.use(name, "two", "");
  bench.net.servers["one"].answer.kiss("DENY");
  CHECK(bench.asked_during(6000) == Names{"one", "two"});
  bench.sntp.use(name, "two", "");
  CHECK(bench.asked_during(60000).empty());
  CHECK(std::string(bench.sntp.server()) == "two");
  name[2] = 'c';
  bench.sntp.use(name, "two", "");
  CHECK(bench.asked_during(3000) == Names{"onc"});
}

TEST_CASE("a server that wants to be asked less often is left in peace for some rounds") {
  Bench bench;
  bench.net.servers["one"].answer.kiss("RATE");
  bench.pass(6000);
  bench.net.servers["one"].answer = NtpAnswer{};
  const Names asked = bench.asked_during(3600 * 1000 * 3, 1000);
  REQUIRE(asked.size() >= 2);
  CHECK(asked.front() == "two");
  CHECK(asked.back() == "one");
}

TEST_CASE("the only server says RATE: a long wait, not a storm") {
  Bench bench;
  bench.sntp.use("one", "", "");
  bench.net.servers["one"].answer.kiss("RATE");
  CHECK(bench.asked_during(900 * 1000, 1000).size() == 1);
}

TEST_CASE("nobody answers: rounds come ever more seldom, an hour apart at last") {
  Bench bench;
  for (const char* name : {"one", "two", "three"}) bench.net.servers[name].is_silent = true;
  bench.pass(10 * 3600 * 1000, 100);
  CHECK(bench.failed >= 14);
  CHECK(bench.failed <= 20);
  CHECK(bench.net.asked.size() == static_cast<std::size_t>(bench.failed) * 3);
  bench.failed = 0;
  bench.pass(10 * 3600 * 1000, 100);
  CHECK(bench.failed >= 7);
  CHECK(bench.failed <= 10);
}

TEST_CASE("without servers nothing is asked and nothing breaks") {
  Bench bench;
  bench.sntp.use("", "", "");
  CHECK(bench.asked_during(3600 * 1000, 1000).empty());
  CHECK_FALSE(bench.wall.is_set());
}

TEST_CASE("a network that comes back is used at once, a flapping one does not make a storm") {
  Bench bench;
  for (const char* name : {"one", "two", "three"}) bench.net.servers[name].is_silent = true;
  bench.pass(4 * 3600 * 1000, 100);
  bench.is_up = false;
  bench.pass(60 * 1000, 100);
  bench.net.servers["one"].is_silent = false;
  bench.is_up = true;
  CHECK(bench.asked_during(3000) == Names{"one"});
  bench.net.asked.clear();
  for (int i = 0; i < 60; ++i) {  // a minute of flapping
    bench.is_up = !bench.is_up;
    bench.pass(1000, 100);
  }
  CHECK(bench.net.asked.size() <= 4);
}

TEST_CASE("a network that was away for months is used when it is back") {
  Bench bench;
  bench.pass(3000);
  bench.is_up = false;
  bench.pass(40U * 24 * 3600 * 1000, 3600 * 1000);
  bench.is_up = true;
  CHECK(bench.asked_during(3000) == Names{"one"});
  CHECK(bench.synchronised == 2);
}

TEST_CASE("strays and forgeries before the true answer are passed over") {
  Bench bench;
  bench.net.servers["one"].is_silent = true;
  while (bench.sntp.state() != SntpState::kAsking) bench.pass(10);
  NtpAnswer forged;
  forged.unix_ms = kNoonMs + 7 * 86400000LL;
  forged.originate = 12345;
  for (int i = 0; i < 9; ++i) {
    const auto packet = forged.encode();
    bench.net.arrived.emplace_back(packet.begin(), packet.end());
    bench.net.arrived.emplace_back(7, 0xFF);
  }
  NtpAnswer genuine;
  genuine.originate = bench.net.nonces.back();
  genuine.unix_ms = bench.net.true_ms;
  const auto packet = genuine.encode();
  bench.net.arrived.emplace_back(packet.begin(), packet.end());
  bench.pass(100);
  CHECK(bench.synchronised == 1);
  CHECK(bench.wall.unix_ms(bench.now_ms) - bench.net.true_ms < 200);
}

TEST_CASE("an answer to an earlier question is no answer") {
  Bench bench;
  bench.net.servers["one"].is_silent = true;
  bench.net.servers["two"].is_silent = true;
  bench.net.servers["three"].is_silent = true;
  while (bench.net.asked.size() < 2) bench.pass(10);
  NtpAnswer late;
  late.originate = bench.net.nonces[0];
  const auto packet = late.encode();
  bench.net.arrived.emplace_back(packet.begin(), packet.end());
  bench.pass(100);
  CHECK(bench.synchronised == 0);
}

TEST_CASE("half of the way is made up for, and a long way is reported and asked again soon") {
  Bench bench;
  bench.net.servers["one"].is_silent = true;
  while (bench.sntp.state() != SntpState::kAsking) bench.pass(10);
  NtpAnswer answer;
  answer.originate = bench.net.nonces.back();
  answer.unix_ms = bench.net.true_ms + 1000;  // it was there a second later
  bench.pass(2000);                           // and a second more on the way back
  const auto packet = answer.encode();
  bench.net.arrived.emplace_back(packet.begin(), packet.end());
  bench.net.servers["one"].is_silent = false;
  bench.pass(10);
  REQUIRE(bench.synchronised == 1);
  const std::int64_t error_ms = bench.wall.unix_ms(bench.now_ms) - bench.net.true_ms;
  CHECK(error_ms >= -20);
  CHECK(error_ms <= 20);
  CHECK(bench.wall.error_ms(bench.now_ms) >= 1000);
  CHECK(bench.asked_during(20000) == Names{"one"});
  CHECK(bench.wall.error_ms(bench.now_ms) < 100);
  CHECK(bench.asked_during(1000 * 1000, 1000).empty());
}

TEST_CASE("a way that is always long does not lead to asking all the time") {
  Bench bench;
  bench.pass(3600 * 1000, 1000);  // each answer is seen a second late
  CHECK(bench.net.asked.size() <= 6);
}

TEST_CASE("one server gone mad does not move a clock that knows the time") {
  Bench bench;
  bench.pass(3000);
  bench.net.servers["one"].wrong_by_ms = 86400000;
  bench.pass(3 * 3600 * 1000, 100);
  CHECK(std::string(bench.sntp.server()) == "two");
  const std::int64_t error_ms = bench.wall.unix_ms(bench.now_ms) - bench.net.true_ms;
  CHECK(error_ms >= -100);
  CHECK(error_ms <= 100);
}

TEST_CASE("two answers that agree may move it far") {
  Bench bench;
  bench.pass(3000);
  bench.net.servers["one"].wrong_by_ms = 86400000;
  bench.net.servers["two"].wrong_by_ms = 86400000;
  bench.pass(2 * 3600 * 1000, 100);
  CHECK(bench.wall.unix_ms(bench.now_ms) - bench.net.true_ms > 86000000);
  CHECK(std::string(bench.sntp.problem()) == "far from the time before");
}

TEST_CASE("an RTC that is far off needs no second witness") {
  Bench bench;
  bench.wall.set(TimeSource::kRtc, kNoonMs + 90 * 86400000LL, bench.now_ms, -1);
  CHECK(bench.asked_during(3000) == Names{"one"});
  CHECK(bench.sntp.adjustment() == Adjustment::kStepped);
}
