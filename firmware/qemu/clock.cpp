// A whole clock for three minutes: a network, a broker that answers, a button, a thermometer.
#include <cstring>
#include <initializer_list>
#include <new>

#include "say.h"
#include "skiclock/app.h"

using namespace skiclock;

namespace {

class Panels : public PanelPort {
 public:
  void show(const Frame& frame, const Palette&) override { last = frame; }
  Frame last;
};

// Pressed for a moment after 100 s.
class Finger : public ButtonPort {
 public:
  explicit Finger(const std::uint32_t& now_ms) : now_ms_(now_ms) {}
  bool is_pressed() override { return now_ms_ > 100000 && now_ms_ < 100200; }

 private:
  const std::uint32_t& now_ms_;
};

class Winter : public ThermometerPort {
 public:
  Reading read(std::int16_t* tenths_celsius) override {
    *tenths_celsius = -87;
    return Reading::kReady;
  }
};

class Rtc : public RtcPort {
 public:
  bool read(std::int64_t* unix_s) override {
    *unix_s = 1768632000;
    return true;
  }
  bool write(std::int64_t) override { return true; }
};

class NoUdp : public UdpPort {
 public:
  bool send(const char*, std::uint16_t, Bytes) override { return false; }
  std::size_t receive(std::uint8_t*, std::size_t) override { return 0; }
};

// There from the third second on.
class Club : public NetworkPort {
 public:
  explicit Club(const std::uint32_t& now_ms) : now_ms_(now_ms) {}
  bool is_up() override { return now_ms_ > 3000; }
  std::int16_t rssi_dbm() override { return -60; }
  void ssid(char* buffer, std::size_t capacity) override { copy("Club", buffer, capacity); }
  void ip_address(char* buffer, std::size_t capacity) override {
    copy("10.0.0.7", buffer, capacity);
  }
  bool is_portal_open() override { return false; }
  void open_portal() override {}
  bool add_network(const char*, const char*) override { return true; }
  void forget_networks() override {}

 private:
  static void copy(const char* text, char* buffer, std::size_t capacity) {
    std::strncpy(buffer, text, capacity - 1);
    buffer[capacity - 1] = '\0';
  }
  const std::uint32_t& now_ms_;
};

// Accepts, grants and acknowledges everything, and says what it was told.
class Broker : public StreamPort {
 public:
  void open(const Endpoint&) override { is_open_ = true; }
  StreamState state() override { return is_open_ ? StreamState::kOpen : StreamState::kClosed; }
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override {
    const std::size_t size = answer_size_ < capacity ? answer_size_ : capacity;
    std::memcpy(buffer, answer_, size);
    std::memmove(answer_, answer_ + size, answer_size_ - size);
    answer_size_ -= size;
    return size;
  }
  std::size_t write(Bytes bytes) override {
    for (std::size_t i = 0; i < bytes.size; ++i) take(bytes.data[i]);
    return bytes.size;
  }
  void close() override { is_open_ = false; }
  const char* problem() override { return ""; }

 private:
  void take(std::uint8_t byte) {
    std::size_t room = 0;
    std::uint8_t* place = reader_.space(&room);
    *place = byte;
    reader_.took(1);
    if (!reader_.is_whole()) return;
    handle(reader_.packet());
    reader_.reset();
  }
  void handle(const MqttPacket& packet) {
    if (packet.type == MqttType::kConnect) answer({0x20, 2, 0, 0});
    if (packet.type == MqttType::kPingreq) answer({0xD0, 0});
    if (packet.type == MqttType::kSubscribe) subscribe(packet.body);
    MqttPublish publish;
    if (packet.type != MqttType::kPublish || !read_publish(packet, &publish)) return;
    say("  ");
    say(publish.topic);
    say(" ");
    say({reinterpret_cast<const char*>(publish.payload.data), publish.payload.size});
    say("\n");
    if (publish.packet_id == 0) return;
    answer({0x40, 2, static_cast<std::uint8_t>(publish.packet_id >> 8),
            static_cast<std::uint8_t>(publish.packet_id)});
  }
  // One return code a filter: "granted, QoS 1".
  void subscribe(Bytes body) {
    std::uint8_t filters = 0;
    for (std::size_t at = 2; at + 2 < body.size; ++filters) {
      at += 3U + (static_cast<std::size_t>(body.data[at]) << 8 | body.data[at + 1]);
    }
    answer({0x90, static_cast<std::uint8_t>(2 + filters), body.data[0], body.data[1]});
    for (std::uint8_t i = 0; i < filters; ++i) answer({1});
  }
  void answer(std::initializer_list<std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) answer_[answer_size_++] = byte;
  }

  std::uint8_t buffer_[1024];
  MqttPacketReader reader_{buffer_, sizeof buffer_};
  std::uint8_t answer_[256];
  std::size_t answer_size_ = 0;
  bool is_open_ = false;
};

class Nowhere : public StreamPort {
 public:
  void open(const Endpoint&) override {}
  StreamState state() override { return StreamState::kClosed; }
  std::size_t read(std::uint8_t*, std::size_t) override { return 0; }
  std::size_t write(Bytes) override { return 0; }
  void close() override {}
  const char* problem() override { return "nowhere"; }
};

class Forgetful : public StorePort {
 public:
  std::size_t read(const char*, std::uint8_t*, std::size_t) override { return 0; }
  bool write(const char*, Bytes) override { return true; }
  bool erase(const char*) override { return true; }
};

class NoSlot : public SlotPort {
 public:
  std::uint32_t capacity_bytes() override { return 0; }
  bool begin(std::uint32_t) override { return false; }
  bool write(Bytes) override { return false; }
  bool read(std::uint32_t, std::uint8_t*, std::size_t) override { return false; }
  bool activate() override { return false; }
  void abandon() override {}
  BootState boot_state() override { return BootState::kConfirmed; }
  bool can_roll_back() override { return false; }
  void confirm() override {}
  void roll_back() override {}
};

class NoHash : public Sha256Port {
 public:
  void begin() override {}
  void add(Bytes) override {}
  void finish(std::uint8_t digest[32]) override { std::memset(digest, 0, 32); }
};

class NoSignature : public SignaturePort {
 public:
  bool verify(const std::uint8_t*, const std::uint8_t*, Bytes) override { return false; }
};

class Chip : public SystemPort {
 public:
  void restart() override { say("restart\n"); }
  const char* reset_reason() override { return "power_on"; }
  std::uint32_t free_heap_bytes() override { return 30000; }
  std::uint32_t min_free_heap_bytes() override { return 20000; }
  std::uint32_t random() override { return seed_ = seed_ * 1664525U + 1013904223U; }

 private:
  std::uint32_t seed_ = 1;
};

class Silence : public SerialPort {
 public:
  std::size_t read(std::uint8_t*, std::size_t) override { return 0; }
  void write(Bytes) override {}
};

std::uint32_t now_ms = 1;
Panels panels;
Finger finger(now_ms);
Winter winter;
Rtc rtc;
NoUdp udp;
Club club(now_ms);
Broker broker;
Nowhere nowhere;
Forgetful store;
NoSlot slot;
NoHash hash;
NoSignature signature;
Chip chip;
Silence silence;
const Machine machine = {panels,  finger, winter, rtc,  udp,       club, broker,
                         nowhere, store,  slot,   hash, signature, chip, silence};

}  // namespace

void run_clock() {
  Build build;
  build.device_id = "a1b2c3";
  build.version = "2026.11.24.1";
  build.platform = "esp01";
  build.board = "ESP-01";
  build.chip = "QEMU";
  build.defaults.server_url = "https://clocks.example.org";
  build.defaults.mqtt_host = "clocks.example.org";
  const Wall wall = wall_of(2, 2);
  // As on a chip: too large for a stack.
  alignas(App) static unsigned char place[sizeof(App)];
  App& app = *new (place) App(machine, build, wall);
  app.begin(now_ms);
  for (; now_ms < 180000; now_ms += 10) {
    app.loop(now_ms);
    if (now_ms % 40 != 1) continue;
    app.render(now_ms);
    if (now_ms % 10000 != 1) continue;
    say("at ");
    say_number(now_ms / 1000);
    say(" s led ");
    say_number(app.led_pattern());
    say(" frame ");
    say_hash({panels.last.bits, sizeof panels.last.bits});
    say("\n");
  }
}
