// Improv Serial: packets as the published description has them, and the way from a browser's
// credentials to a connected clock.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "skiclock/net/improv.h"

using skiclock::Bytes;
using skiclock::Improv;
using skiclock::ImprovReader;
using skiclock::ImprovState;
using skiclock::ImprovType;
using namespace std::string_literals;

namespace {

// A packet, put together by hand: header, version, type, length, data, sum of all that.
std::string packet(int type, const std::string& data) {
  std::string bytes = "IMPROV\x01"s + static_cast<char>(type);
  bytes += static_cast<char>(data.size());
  bytes += data;
  const unsigned sum = std::accumulate(bytes.begin(), bytes.end(), 0U, [](unsigned all, char c) {
    return all + static_cast<unsigned char>(c);
  });
  return bytes + static_cast<char>(sum & 255);
}

std::string text(const std::string& value) { return static_cast<char>(value.size()) + value; }

std::string command(int id, const std::string& arguments = "") {
  return packet(3, static_cast<char>(id) + text(arguments)) + "\n";
}

std::string state(int value) { return packet(1, {static_cast<char>(value)}); }
std::string error(int value) { return packet(2, {static_cast<char>(value)}); }
std::string result(int id, const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& one : texts) list += text(one);
  return packet(4, static_cast<char>(id) + text(list));
}

class Serial : public skiclock::SerialPort {
 public:
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override {
    const std::size_t size = std::min({capacity, incoming.size(), piece});
    std::memcpy(buffer, incoming.data(), size);
    incoming.erase(0, size);
    return size;
  }
  void write(Bytes bytes) override {
    outgoing.append(reinterpret_cast<const char*>(bytes.data), bytes.size);
  }

  std::string incoming;
  std::string outgoing;
  std::size_t piece = 1000;
};

class Network : public skiclock::NetworkPort {
 public:
  bool is_up() override { return up; }
  std::int16_t rssi_dbm() override { return -60; }
  void ssid(char* buffer, std::size_t capacity) override {
    buffer[current.copy(buffer, capacity - 1)] = '\0';
  }
  void ip_address(char* buffer, std::size_t) override { buffer[0] = '\0'; }
  bool is_portal_open() override { return false; }
  void open_portal() override {}
  bool add_network(const char* ssid, const char* password) override {
    added.push_back(std::string(ssid) + "/" + password);
    return has_room;
  }
  void forget_networks() override {}

  bool up = false;
  bool has_room = true;
  std::string current;
  std::vector<std::string> added;
};

struct Clock {
  Serial serial;
  Network network;
  Improv improv{
      serial,
      network,
      {"Ski Clock Neo", "2026.11.24.7", "ESP32", "Ski hall", "https://clock.example.org/"}};

  // What it answers, without the line feeds around packets.
  std::vector<std::string> answers(const std::string& bytes, std::uint32_t now_ms = 0) {
    serial.incoming += bytes;
    serial.outgoing.clear();
    for (int i = 0; i < 400 && !serial.incoming.empty(); ++i) improv.poll(now_ms);
    improv.poll(now_ms);
    std::vector<std::string> packets;
    ImprovReader reader;
    std::string current;
    for (const char c : serial.outgoing) {
      current += c;
      const ImprovReader::Result found = reader.take(static_cast<std::uint8_t>(c));
      CHECK(found != ImprovReader::Result::kBroken);
      if (found != ImprovReader::Result::kPacket) continue;
      packets.push_back(current.substr(current.find("IMPROV")));
      current.clear();
    }
    return packets;
  }
};

using Answers = std::vector<std::string>;
const std::string kWifi = text("MyWirelessAP") + text("mysecurepassword");

}  // namespace

TEST_CASE("the published example of Wi-Fi settings is understood") {
  Clock clock;
  // Written out: 01 1E 0C {MyWirelessAP} 10 {mysecurepassword}
  const std::string example = "\x01\x1e\x0cMyWirelessAP\x10mysecurepassword";
  CHECK(clock.answers(packet(3, example)) == Answers{error(0), state(3)});
  CHECK(clock.network.added == Answers{"MyWirelessAP/mysecurepassword"});
}

TEST_CASE("credentials lead to a connected clock and an address to go to") {
  Clock clock;
  CHECK(clock.answers(command(1, kWifi), 1000) == Answers{error(0), state(3)});
  CHECK(clock.improv.state() == ImprovState::kProvisioning);
  CHECK(clock.answers("", 5000).empty());
  clock.network.up = true;
  clock.network.current = "MyWirelessAP";
  CHECK(clock.answers("", 9000) == Answers{state(4), result(1, {"https://clock.example.org/"})});
  CHECK(clock.answers("", 9100).empty());
}

TEST_CASE("the network that it was on before is no success of new credentials") {
  Clock clock;
  clock.network.up = true;
  clock.network.current = "Old";
  CHECK(clock.answers("") == Answers{state(4)});
  clock.answers(command(1, kWifi), 1000);
  CHECK(clock.answers("", 2000).empty());
  // It goes back to the old one, which is no error of the line.
  CHECK(clock.answers("", 1000 + Improv::kConnectMs) == Answers{error(3), state(4)});
}

TEST_CASE("credentials that do not let it in end in an error") {
  Clock clock;
  clock.answers(command(1, kWifi), 0xFFFFFF00);  // the milliseconds wrap meanwhile
  CHECK(clock.answers("", 0xFFFFFF00 + Improv::kConnectMs - 1).empty());
  CHECK(clock.answers("", 0xFFFFFF00 + Improv::kConnectMs) == Answers{error(3), state(2)});
}

TEST_CASE("an open network has an empty password") {
  Clock clock;
  clock.answers(command(1, text("Open") + text("")));
  CHECK(clock.network.added == Answers{"Open/"});
}

TEST_CASE("the present state is told when asked, with the address where there is one") {
  Clock clock;
  CHECK(clock.answers(command(2)) == Answers{error(0), state(2)});
  clock.network.up = true;
  CHECK(clock.answers("") == Answers{state(4)});
  CHECK(clock.answers(command(2)) ==
        Answers{error(0), state(4), result(2, {"https://clock.example.org/"})});
}

TEST_CASE("it says who it is, and that it sees no networks") {
  Clock clock;
  CHECK(clock.answers(command(3)) ==
        Answers{error(0), result(3, {"Ski Clock Neo", "2026.11.24.7", "ESP32", "Ski hall"})});
  CHECK(clock.answers(command(4)) == Answers{error(0), result(4, {})});
}

TEST_CASE("a clock without an address to go to sends an empty list") {
  Serial serial;
  Network network;
  network.up = true;
  Improv improv(serial, network, {"f", "v", "c", "n", ""});
  serial.incoming = command(2);
  improv.poll(0);
  CHECK(serial.outgoing.find(result(2, {})) != std::string::npos);
}

TEST_CASE("what it does not know, or cannot read, is answered with an error") {
  Clock clock;
  CHECK(clock.answers(command(9)) == Answers{error(2)});
  CHECK(clock.answers(packet(3, "")) == Answers{error(1)});
  CHECK(clock.answers(packet(3, "\x02")) == Answers{error(1)});
  CHECK(clock.answers(packet(3, "\x02\x01"s)) == Answers{error(1)});
  CHECK(clock.answers(packet(3, "\x02\x00x"s)) == Answers{error(1)});
  std::string damaged = command(2);
  damaged[8] = static_cast<char>(damaged[8] ^ 1);
  clock.answers(damaged + "\n\n\n");
  std::string wrong_sum = command(2);
  wrong_sum[wrong_sum.size() - 2] = '\0';
  CHECK(Clock().answers(wrong_sum) == Answers{error(1)});
  CHECK(clock.network.added.empty());
}

TEST_CASE("credentials that no network has are refused") {
  const std::string bad[] = {"",
                             "\x05wifi",
                             text("ssid"),
                             text("") + text("password"),
                             text(std::string(33, 's')) + text("password"),
                             text("ssid") + text(std::string(65, 'p')),
                             text("a\0b"s) + text("password"),
                             kWifi + "x"};
  for (const std::string& arguments : bad) {
    Clock clock;
    CHECK(clock.answers(command(1, arguments)) == Answers{error(1)});
    CHECK(clock.network.added.empty());
  }
  Clock full;
  full.network.has_room = false;
  CHECK(full.answers(command(1, kWifi)) == Answers{error(0), error(0xFF)});
  CHECK(full.improv.state() == ImprovState::kReady);
}

TEST_CASE("packets are found among a log, in pieces of any size, and echoes are not obeyed") {
  const std::string noise = "I (42) boot: IMPROVed\r\nIMPIMPROV\x02 IIMPROV";
  for (std::size_t piece = 1; piece < 20; ++piece) {
    Clock clock;
    clock.serial.piece = piece;
    const std::string echoes = state(2) + result(1, {"x"});
    CHECK(clock.answers(noise + "\n" + command(2) + echoes + noise + "\n" + command(2)).size() ==
          4);
  }
}

TEST_CASE("a packet that is sent begins and ends with a line feed, or is not sent") {
  std::uint8_t buffer[32];
  const std::size_t size =
      write_improv_packet(ImprovType::kCurrentState, {buffer, 0}, buffer, sizeof buffer);
  CHECK(std::string(buffer, buffer + size) == "\n" + packet(1, "") + "\n");
  const std::vector<std::uint8_t> data(300, 'x');
  std::vector<std::uint8_t> large(400);
  CHECK(write_improv_packet(ImprovType::kResult, {data.data(), 255}, large.data(), 266) == 0);
  CHECK(write_improv_packet(ImprovType::kResult, {data.data(), 255}, large.data(), 267) == 267);
  CHECK(write_improv_packet(ImprovType::kResult, {data.data(), 256}, large.data(), 400) == 0);
}
