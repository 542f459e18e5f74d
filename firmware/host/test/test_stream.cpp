// Connections to a real server, with TLS by mbedTLS on both ends: who is believed, and what is said
// where one is not.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "machine.h"
#include "stream.h"
#include "tls_server.h"

using namespace skiclock;
using namespace skiclock::host;

namespace {

struct Wire : NetworkPort {
  bool is_up() override { return up; }
  std::int16_t rssi_dbm() override { return 0; }
  void ssid(char*, std::size_t) override {}
  void ip_address(char*, std::size_t) override {}
  bool is_portal_open() override { return false; }
  void open_portal() override {}
  bool add_network(const char*, const char*) override { return false; }
  void forget_networks() override {}
  bool up = true;
};

const Identity& authority() {
  static const Identity made = make_authority("authority");
  return made;
}

// Asks again and again, as a main loop does, until it is so; false after a generous while.
template <typename Question>
bool comes_true(const Question& question) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!question()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

bool hears(NetStream& stream, const std::string& wanted) {
  std::string heard;
  return comes_true([&] {
    std::uint8_t buffer[64];
    const std::size_t size = stream.read(buffer, sizeof buffer);
    heard.append(buffer, buffer + size);
    return heard == wanted;
  });
}

bool says(NetStream& stream, const std::string& text) {
  std::size_t sent = 0;
  return comes_true([&] {
    sent += stream.write(
        {reinterpret_cast<const std::uint8_t*>(text.data()) + sent, text.size() - sent});
    return sent == text.size();
  });
}

// Opens and says how that ended: "" for open.
std::string outcome(NetStream& stream, const Endpoint& endpoint) {
  stream.open(endpoint);
  REQUIRE(comes_true([&] { return stream.state() != StreamState::kOpening; }));
  return stream.state() == StreamState::kOpen ? "" : stream.problem();
}

std::string outcome(const Identity& server, const char* host, Trust trust,
                    const std::string& roots) {
  const EchoServer echo(server);
  Wire wire;
  const Faults faults;
  NetStream stream(wire, faults);
  const std::string ended = outcome(stream, {host, echo.port(), trust, roots.c_str()});
  if (ended.empty()) CHECK(hears(stream, "hello"));
  return ended;
}

}  // namespace

TEST_CASE("a plain connection carries bytes both ways and notices its end") {
  const EchoServer echo;
  Wire wire;
  const Faults faults;
  NetStream stream(wire, faults);
  REQUIRE(outcome(stream, {"localhost", echo.port(), Trust::kPlain, ""}).empty());
  CHECK(hears(stream, "hello"));
  REQUIRE(says(stream, "ping"));
  CHECK(hears(stream, "ping"));
  REQUIRE(says(stream, "bye"));
  CHECK(comes_true([&] {
    std::uint8_t byte = 0;
    stream.read(&byte, 1);
    return stream.state() == StreamState::kClosed;
  }));
  CHECK(std::string(stream.problem()) == "closed by the other side");
}

TEST_CASE("a verified connection carries more than a record at once") {
  const EchoServer echo(issue(authority(), {}));
  Wire wire;
  const Faults faults;
  NetStream stream(wire, faults);
  const Endpoint endpoint{"localhost", echo.port(), Trust::kVerified,
                          authority().certificate.c_str()};
  REQUIRE(outcome(stream, endpoint).empty());
  CHECK(hears(stream, "hello"));
  std::string long_text;
  for (int line = 0; line < 5000; ++line) long_text += "line " + std::to_string(line) + "\n";
  std::string back;
  std::size_t sent = 0;
  CHECK(comes_true([&] {
    sent += stream.write(
        {reinterpret_cast<const std::uint8_t*>(long_text.data()) + sent, long_text.size() - sent});
    std::uint8_t buffer[4096];
    back.append(buffer, buffer + stream.read(buffer, sizeof buffer));
    return back.size() == long_text.size();
  }));
  CHECK(back == long_text);
  stream.close();
  CHECK(stream.state() == StreamState::kClosed);
}

TEST_CASE("who is believed, and why one is not") {
  const std::string ours = authority().certificate;
  const Identity stranger = make_authority("authority");
  Wanted by_address;
  by_address.name = "";
  by_address.names_loopback = true;
  Wanted elsewhere;
  elsewhere.name = "elsewhere.example.org";
  Wanted expired;
  expired.until = "20210101000000";
  Wanted later;
  later.from = "20980101000000";

  SUBCASE("a name that the certificate holds") {
    CHECK(outcome(issue(authority(), {}), "localhost", Trust::kVerified, ours).empty());
  }
  SUBCASE("an address that the certificate holds") {
    CHECK(outcome(issue(authority(), by_address), "127.0.0.1", Trust::kVerified, ours).empty());
  }
  SUBCASE("either of two roots") {
    const std::string both = stranger.certificate + ours;
    CHECK(outcome(issue(authority(), {}), "localhost", Trust::kVerified, both).empty());
  }
  SUBCASE("another root") {
    CHECK(outcome(issue(stranger, {}), "localhost", Trust::kVerified, ours) ==
          "certificate not signed by a trusted root");
  }
  SUBCASE("another name") {
    CHECK(outcome(issue(authority(), elsewhere), "localhost", Trust::kVerified, ours) ==
          "certificate is for another name");
  }
  SUBCASE("an address that the certificate does not hold") {
    CHECK(outcome(issue(authority(), {}), "127.0.0.1", Trust::kVerified, ours) ==
          "certificate is for another address");
  }
  SUBCASE("yesterday's certificate") {
    CHECK(outcome(issue(authority(), expired), "localhost", Trust::kVerified, ours) ==
          "certificate expired");
  }
  SUBCASE("tomorrow's certificate") {
    CHECK(outcome(issue(authority(), later), "localhost", Trust::kVerified, ours) ==
          "certificate not yet valid");
  }
  SUBCASE("no root at all") {
    const std::string ended = outcome(issue(authority(), {}), "localhost", Trust::kVerified, "");
    CHECK(ended.find("no usable root certificate") == 0);
  }
  SUBCASE("anybody, where nothing is checked") {
    CHECK(outcome(issue(stranger, expired), "localhost", Trust::kInsecure, "").empty());
  }
}

TEST_CASE("what cannot be opened says why") {
  Wire wire;
  const Faults faults;
  NetStream stream(wire, faults);
  std::uint16_t closed_port = 0;
  {
    const EchoServer gone;
    closed_port = gone.port();
  }
  CHECK(outcome(stream, {"127.0.0.1", closed_port, Trust::kPlain, ""}) == "Connection refused");
  CHECK(outcome(stream, {"", 1, Trust::kPlain, ""}) == "no host is set");
  CHECK(outcome(stream, {"no host\x01", 1, Trust::kPlain, ""}) == "no such host");
  wire.up = false;
  CHECK(outcome(stream, {"127.0.0.1", closed_port, Trust::kPlain, ""}) == "no network");
}

TEST_CASE("a connection breaks with its network") {
  const EchoServer echo;
  Wire wire;
  const Faults faults;
  NetStream stream(wire, faults);
  REQUIRE(outcome(stream, {"127.0.0.1", echo.port(), Trust::kPlain, ""}).empty());
  wire.up = false;
  CHECK(stream.state() == StreamState::kClosed);
  CHECK(std::string(stream.problem()) == "network lost");
}

TEST_CASE("a stall lets nothing through, once") {
  const EchoServer echo;
  Wire wire;
  Faults faults;
  faults.stall_at_byte = 5;
  faults.stall_for_s = 1;
  NetStream stream(wire, faults);
  REQUIRE(outcome(stream, {"127.0.0.1", echo.port(), Trust::kPlain, ""}).empty());
  CHECK(hears(stream, "hello"));
  const auto began = std::chrono::steady_clock::now();
  CHECK(stream.write({reinterpret_cast<const std::uint8_t*>("ping"), 4}) == 0);
  REQUIRE(says(stream, "ping"));
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(900));
  CHECK(hears(stream, "ping"));
}
