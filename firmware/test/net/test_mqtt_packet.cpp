// MQTT packets: made to the byte as the standard has them, read from anything.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "net/mqtt_bytes.h"
#include "skiclock/net/mqtt_packet.h"

using skiclock::Bytes;
using skiclock::MqttBuffer;
using skiclock::MqttPacket;
using skiclock::MqttPacketReader;
using skiclock::MqttType;
using skiclock::Text;
using skiclock::text_of;
using namespace std::string_literals;
namespace test = skiclock::test;

namespace {

Text view(const std::string& text) { return {text.data(), text.size()}; }

std::string str(Text text) { return {text.data, text.size}; }

// What an `append_...` writes into a buffer of a given size; "(no)" where it refuses.
template <typename Append>
std::string appended(Append append, std::size_t capacity = 65600) {
  std::vector<std::uint8_t> bytes(capacity + 1, 0x5A);
  MqttBuffer out{bytes.data(), capacity};
  const bool good = append(out);
  CHECK(bytes[capacity] == 0x5A);
  if (!good) CHECK(out.size == 0);
  return good ? std::string(bytes.begin(), bytes.begin() + static_cast<long>(out.size)) : "(no)";
}

// All packets in a stream that is handed over in pieces of a given size.
std::vector<test::Packet> read_all(const std::string& stream, std::size_t capacity,
                                   std::size_t piece, bool* good, int* cut) {
  std::vector<std::uint8_t> buffer(capacity);
  MqttPacketReader reader(buffer.data(), capacity);
  std::vector<test::Packet> packets;
  std::size_t at = 0;
  *good = true;
  *cut = 0;
  while (at < stream.size() && *good) {
    std::size_t room = 0;
    std::uint8_t* space = reader.space(&room);
    REQUIRE(room > 0);
    const std::size_t size = std::min({room, piece, stream.size() - at});
    std::copy_n(stream.begin() + static_cast<long>(at), size, space);
    at += size;
    *good = reader.took(size);
    if (!*good || !reader.is_whole()) continue;
    const MqttPacket packet = reader.packet();
    *cut += packet.is_cut ? 1 : 0;
    packets.push_back(
        {static_cast<int>(packet.type) << 4 | packet.flags, str(text_of(packet.body))});
    reader.reset();
  }
  return packets;
}

MqttPacket packet_of(MqttType type, int flags, const std::string& body) {
  return {type, static_cast<std::uint8_t>(flags), skiclock::bytes_of(view(body)), false};
}

}  // namespace

TEST_CASE("CONNECT names client, user and a retained will") {
  const skiclock::MqttConnect connect = {
      text_of("SkiClock-a1"), text_of("user"),
      text_of("pass"),        15,
      text_of("s/a1"),        skiclock::bytes_of(text_of("off"))};
  const std::string expected = test::packet(
      0x10, test::text("MQTT") + "\x04\xee"s + test::number(15) + test::text("SkiClock-a1") +
                test::text("s/a1") + test::text("off") + test::text("user") + test::text("pass"));
  CHECK(appended([&](MqttBuffer& out) { return append_connect(connect, out); }) == expected);
}

TEST_CASE("CONNECT without user and will has neither flag nor field") {
  const skiclock::MqttConnect connect = {text_of("c"), {}, text_of("unused"), 0, {}, {}};
  CHECK(appended([&](MqttBuffer& out) { return append_connect(connect, out); }) ==
        test::packet(0x10, test::text("MQTT") + "\x04\x02"s + test::number(0) + test::text("c")));
}

TEST_CASE("PUBLISH is written for both qualities of service") {
  skiclock::MqttPublish publish;
  publish.topic = text_of("a/b");
  publish.payload = skiclock::bytes_of(text_of("hi"));
  const auto append = [&](MqttBuffer& out) { return append_publish(publish, out); };
  CHECK(appended(append) == "\x30\x07\x00\x03"s + "a/bhi");
  publish.packet_id = 0x1234;
  publish.is_retained = true;
  publish.is_duplicate = true;
  CHECK(appended(append) == "\x3b\x09\x00\x03"s + "a/b\x12\x34hi");
  CHECK(publish_size(publish) == 11);
}

TEST_CASE("a topic with wildcards, without a character or with NUL is not published to") {
  for (const std::string& topic : {""s, "a/+"s, "#"s, "a\0b"s}) {
    skiclock::MqttPublish publish;
    publish.topic = view(topic);
    CHECK(appended([&](MqttBuffer& out) { return append_publish(publish, out); }) == "(no)");
  }
}

TEST_CASE("the remaining length takes one byte more from 128 and from 16384 on") {
  for (const std::size_t size : {0U, 124U, 125U, 126U, 16380U, 16381U, 16382U, 60000U}) {
    const std::string payload(size, 'x');
    skiclock::MqttPublish publish;
    publish.topic = text_of("t");
    publish.payload = skiclock::bytes_of(view(payload));
    const std::string bytes =
        appended([&](MqttBuffer& out) { return append_publish(publish, out); });
    CHECK(bytes == test::publish("t", payload));
    CHECK(bytes.size() == publish_size(publish));
  }
}

TEST_CASE("SUBSCRIBE, PUBACK, PINGREQ and DISCONNECT are as the standard has them") {
  const char* const filters[] = {"a/+", "b"};
  CHECK(appended([&](MqttBuffer& out) { return append_subscribe(10, filters, 2, out); }) ==
        "\x82\x0c\x00\x0a\x00\x03"s + "a/+\x01\x00\x01"s + "b\x01");
  CHECK(appended([&](MqttBuffer& out) { return append_subscribe(10, filters, 0, out); }) == "(no)");
  CHECK(appended([](MqttBuffer& out) { return append_puback(0x1234, out); }) == "\x40\x02\x12\x34");
  CHECK(appended([](MqttBuffer& out) { return append_pingreq(out); }) == "\xc0\x00"s);
  CHECK(appended([](MqttBuffer& out) { return append_disconnect(out); }) == "\xe0\x00"s);
}

TEST_CASE("a packet that does not fit leaves the buffer as it was") {
  skiclock::MqttPublish publish;
  publish.topic = text_of("topic");
  publish.payload = skiclock::bytes_of(text_of("payload"));
  const std::size_t size = publish_size(publish);
  for (std::size_t capacity = 0; capacity <= size; ++capacity) {
    const std::string bytes =
        appended([&](MqttBuffer& out) { return append_publish(publish, out); }, capacity);
    CHECK((bytes == "(no)") == (capacity < size));
  }
}

TEST_CASE("a stream is cut into its packets, however it arrives") {
  const std::string stream = test::connack(0) + test::publish("a/b", "hello", 7, true) +
                             test::pingresp() + test::publish("t", std::string(300, 'x')) +
                             test::suback(1, "\x01\x80"s) + test::puback(9);
  for (std::size_t piece = 1; piece < 40; ++piece) {
    bool good = false;
    int cut = 0;
    const auto packets = read_all(stream, 400, piece, &good, &cut);
    REQUIRE(good);
    REQUIRE(packets.size() == 6);
    CHECK(packets[1].first_byte == 0x33);
    CHECK(packets[1].body == test::text("a/b") + test::number(7) + "hello");
    CHECK(packets[2].body.empty());
    CHECK(packets[3].body.size() == 303);
    CHECK(packets[5].body == test::number(9));
    CHECK(cut == 0);
  }
}

TEST_CASE("a packet larger than the buffer is skipped, its beginning kept, the next one is whole") {
  for (const std::size_t size : {30U, 31U, 64U, 65U, 1000U, 70000U}) {
    for (const std::size_t piece : {1U, 5U, 1000U}) {
      CAPTURE(size);
      const std::string stream =
          test::publish("t", std::string(size, 'x'), 0x4142) + test::publish("t", "next");
      bool good = false;
      int cut = 0;
      const auto packets = read_all(stream, 32, piece, &good, &cut);
      REQUIRE(good);
      REQUIRE(packets.size() == 2);
      CHECK(cut == 1);
      CHECK(packets[0].body.substr(0, 5) == test::text("t") + "AB");
      CHECK(packets[1].body == test::text("t") + "next");
    }
  }
}

TEST_CASE("a packet that fills the buffer exactly is not cut") {
  bool good = false;
  int cut = 0;
  const auto packets = read_all(test::publish("t", std::string(29, 'x')), 32, 7, &good, &cut);
  REQUIRE(packets.size() == 1);
  CHECK(cut == 0);
  CHECK(packets[0].body.size() == 32);
}

TEST_CASE("reserved types and endless lengths are no MQTT") {
  for (const std::string& stream : {"\x00\x00"s, "\xf0\x00"s, "\x30\x80\x80\x80\x80\x01"s}) {
    bool good = true;
    int cut = 0;
    read_all(stream, 32, 1, &good, &cut);
    CHECK_FALSE(good);
  }
}

TEST_CASE("answers to CONNECT are read") {
  std::uint8_t code = 99;
  CHECK(read_connack(packet_of(MqttType::kConnack, 0, "\x00\x05"s), &code));
  CHECK(code == 5);
  for (const std::string& body : {""s, "\x00"s, "\x00\x00\x00"s, "\x02\x00"s}) {
    CHECK_FALSE(read_connack(packet_of(MqttType::kConnack, 0, body), &code));
  }
  CHECK_FALSE(read_connack(packet_of(MqttType::kConnack, 1, "\x00\x00"s), &code));
}

TEST_CASE("publications are read, broken ones refused") {
  skiclock::MqttPublish publish;
  const std::string body = "\x00\x03"s + "a/b\x00\x07hello"s;
  REQUIRE(read_publish(packet_of(MqttType::kPublish, 0x0B, body), &publish));
  CHECK(str(publish.topic) == "a/b");
  CHECK(publish.packet_id == 7);
  CHECK(str(text_of(publish.payload)) == "hello");
  CHECK(publish.is_retained);
  CHECK(publish.is_duplicate);
  const struct {
    int flags;
    std::string body;
  } bad[] = {{0, ""},
             {0, "\x00"s},
             {0, "\x00\x02x"s},
             {0, "\x00\x00"s},
             {0, "\x00\x01#"s},
             {0, "\x00\x02t\x00"s},
             {2, "\x00\x01t"s},
             {2, "\x00\x01t\x00\x00"s},
             {4, "\x00\x01t\x00\x01"s},
             {6, "\x00\x01t\x00\x01"s}};
  for (const auto& row : bad) {
    CHECK_FALSE(read_publish(packet_of(MqttType::kPublish, row.flags, row.body), &publish));
  }
}

TEST_CASE("acknowledgements of subscriptions tell what was not granted") {
  std::uint16_t id = 0;
  std::size_t refused = 0;
  CHECK(read_suback(packet_of(MqttType::kSuback, 0, "\x00\x0a\x01\x80\x00\x80"s), &id, &refused));
  CHECK(id == 10);
  CHECK(refused == 2);
  for (const std::string& body : {""s, "\x00"s, "\x00\x0a"s, "\x00\x0a\x03"s}) {
    CHECK_FALSE(read_suback(packet_of(MqttType::kSuback, 0, body), &id, &refused));
  }
  CHECK(read_puback(packet_of(MqttType::kPuback, 0, "\x12\x34"), &id));
  CHECK(id == 0x1234);
  CHECK_FALSE(read_puback(packet_of(MqttType::kPuback, 0, "\x12"), &id));
}
