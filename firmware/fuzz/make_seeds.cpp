// Writes what the fuzzers begin with: the contract's golden samples, a packet and a record of each
// kind.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/golden_records.h"
#include "contract/json_document.h"
#include "net/mqtt_bytes.h"
#include "skiclock/config/record.h"

namespace test = skiclock::test;
using namespace std::string_literals;

namespace {

std::filesystem::path corpus;

void seed(const std::string& fuzzer, const std::string& bytes) {
  static int count = 0;
  std::filesystem::create_directories(corpus / fuzzer);
  std::ofstream(corpus / fuzzer / ("seed" + std::to_string(count++))) << bytes;
}

// As the fuzzers' lines read: how much comes at once, then that.
std::string in_pieces(const std::string& bytes) {
  std::string pieces;
  for (std::size_t at = 0; at < bytes.size(); at += 200) {
    const std::string piece = bytes.substr(at, 200);
    pieces += static_cast<char>(piece.size()) + piece;
  }
  return pieces;
}

void seed_samples(const std::string& file) {
  std::ifstream stream(file);
  const test::Json samples =
      test::read_json({std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()});
  for (const char* side : {"from_clocks", "to_clocks"}) {
    for (const test::Json& sample : samples[side].list) {
      const std::string& payload = sample["payload_latin1"].text;
      const std::string packet = test::publish(sample["topic"].text, payload, 7);
      seed("fuzz_json_reader", payload);
      seed("fuzz_json_writer", "\xff\xff" + payload);
      seed("fuzz_messages", payload);
      seed("fuzz_messages", sample["topic"].text);
      seed("fuzz_mqtt_packet", "\xff" + in_pieces(packet));
      seed("fuzz_mqtt_session", in_pieces(test::connack(0) + packet));
    }
  }
}

void seed_lines() {
  const std::string talk = test::connack(0) + test::suback(1, "\x01\x01"s) + test::pingresp() +
                           test::publish("skiclock/command/a1", "{}", 5, true) + test::puback(2);
  seed("fuzz_mqtt_session", in_pieces(talk + talk + talk));
  seed("fuzz_mqtt_packet", "\xff" + in_pieces(talk));
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a5df\"\r\n\r\nimage";
  const std::string part =
      "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes 5-8/9\r\n\r\nrest";
  const std::string encoded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& answer : {whole, part, encoded}) {
    seed("fuzz_http_head", answer);
    seed("fuzz_http_get", "\x05"s + '\0' + in_pieces(answer));
  }
  seed("fuzz_url", "https://clock.example.org:8443/api/firmware/esp32?version=2026.11.24.7");
  seed("fuzz_url", "http://127.0.0.1/");
  // Wi-Fi settings, from the published example; state, device and networks.
  const std::string wifi = "IMPROV\x01\x03\x20\x01\x1e\x0cMyWirelessAP\x10mysecurepassword\xe2"s;
  const std::string state = "IMPROV\x01\x03\x02\x02\x00\xe5"s;
  seed("fuzz_improv", "\x01"s + static_cast<char>(wifi.size()) + wifi);
  seed("fuzz_improv", "\x01"s + static_cast<char>(state.size()) + state);
}

std::string payload_of(const std::vector<std::uint8_t>& record) {
  return {record.begin() + skiclock::kRecordHeaderBytes, record.end()};
}

// What is read from flash, as fuzz_settings_record takes it apart; zones, an NTP answer.
void seed_records() {
  const std::string settings = payload_of(kSettings1).substr(0, 255 * 4);
  const char length = static_cast<char>((settings.size() + 3) / 4);
  const std::string padded = settings + std::string(4 - settings.size() % 4, '\0');
  seed("fuzz_settings_record", "\x07"s + length + padded + payload_of(kIdentity1));
  seed("fuzz_root_record", "\x01\x10"s + payload_of(kRoot1));
  seed("fuzz_settings_json",
       R"({"name":"x","brightness":7,"ntp":["a",""],"screens":["date"],"trust":"plain",)"
       R"("mqtt_host":null,"timezone":"UTC","colour_main":"#ff0000","blink_colon":false,)"
       R"("panels":"4+4","server_url":"https://a:1","mqtt_port":1})");
  seed("fuzz_posix_zone", "CET-1CEST,M3.5.0,M10.5.0/3");
  seed("fuzz_posix_zone", "<+0330>-3:30:10<+04>,J60/-1,300/26:10");
  std::string answer(48, '\0');
  answer.replace(0, 4, "\x24\x02\0\0"s);
  for (const std::size_t time : {24, 32, 40}) answer.replace(time, 4, "\xee\x00\x00\x00"s);
  seed("fuzz_ntp_packet", answer);
}

std::string with_length(const std::string& text) { return static_cast<char>(text.size()) + text; }

// An update on trial, a version struck out, a result; an offer.
void seed_updates() {
  const std::string versions = with_length("2026.1.1.0") + with_length("2026.1.1.1");
  const std::string attempt = "\x04"s + with_length("s1") + versions + with_length("");
  const std::string free_entry(6, '\0');
  const std::string refused =
      with_length("2026.1.1.2") + "\x02\x01\x02\x03\x04" + free_entry + free_entry + free_entry;
  const std::string result =
      "\x01\0\0\0"s + with_length("s1") + versions + "\0"s + with_length("no Wi-Fi");
  std::string records = "\x01"s;
  for (const std::string& record : {attempt, refused, result, result, result}) {
    records += "\x01"s + with_length(record);
  }
  seed("fuzz_update_records", records);
  seed(
      "fuzz_update_offer",
      with_length("s1") + with_length("2026.1.1.2") + with_length(std::string(64, 'a')) +
          with_length("MEQCIEycYDj5SvW7kKzNo6ZHkTqDIzsk1rMXYF1zKJ1TKP9DAiBMxyixKot4dpVTlsMLLUnlnQ7/"
                      "LFsfmbR43PKouhE5EA==") +
          "\x08\x30\x06\x02\x01\x01\x02\x01\x01");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  corpus = arguments[1];
  seed_samples(arguments[2]);
  seed_lines();
  seed_records();
  seed_updates();
  return 0;
}
