// The rest of a chip, as a test wants it at the moment.
#pragma once

#include <cstdio>
#include <deque>
#include <string>

#include "skiclock/display/frame.h"
#include "skiclock/ports.h"

namespace story {

struct Panels : skiclock::PanelPort {
  void show(const skiclock::Frame& frame, const skiclock::Palette& palette) override {
    shown = frame;
    colours = palette;
  }
  bool is_lit() const {
    for (int y = 0; y < shown.height; ++y) {
      for (int x = 0; x < shown.width; ++x) {
        if (shown.at(x, y) != skiclock::Ink::kOff) return true;
      }
    }
    return false;
  }
  skiclock::Frame shown;
  skiclock::Palette colours;
};

struct Contact : skiclock::ButtonPort {
  bool is_pressed() override { return pressed; }
  bool pressed = false;
};

struct Thermometer : skiclock::ThermometerPort {
  skiclock::Reading read(std::int16_t* tenths) override {
    ++reads;
    *tenths = tenths_celsius;
    return reading;
  }
  skiclock::Reading reading = skiclock::Reading::kReady;
  std::int16_t tenths_celsius = -52;
  int reads = 0;
};

struct Rtc : skiclock::RtcPort {
  bool read(std::int64_t* unix_s) override {
    *unix_s = time;
    return time != 0;
  }
  bool write(std::int64_t unix_s) override {
    time = unix_s;
    return true;
  }
  std::int64_t time = 0;  // 0: none is fitted
};

// Nobody answers.
struct Udp : skiclock::UdpPort {
  bool send(const char*, std::uint16_t, skiclock::Bytes) override { return true; }
  std::size_t receive(std::uint8_t*, std::size_t) override { return 0; }
};

struct Network : skiclock::NetworkPort {
  bool is_up() override { return up; }
  std::int16_t rssi_dbm() override { return -61; }
  void ssid(char* buffer, std::size_t capacity) override {
    std::snprintf(buffer, capacity, "%s", name.c_str());
  }
  void ip_address(char* buffer, std::size_t capacity) override {
    std::snprintf(buffer, capacity, "192.0.2.7");
  }
  bool is_portal_open() override { return portal; }
  void open_portal() override { portal = true; }
  const char* portal_password() override { return password.c_str(); }
  bool add_network(const char* ssid, const char*) override {
    name = ssid;
    return true;
  }
  void forget_networks() override { name.clear(); }
  std::string name = "Skistadion";
  std::string password = "12345678";
  bool up = true;
  bool portal = false;
};

struct Serial : skiclock::SerialPort {
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override {
    std::size_t size = 0;
    while (size < capacity && !to_clock.empty()) {
      buffer[size++] = static_cast<std::uint8_t>(to_clock.front());
      to_clock.erase(0, 1);
    }
    return size;
  }
  void write(skiclock::Bytes bytes) override {
    from_clock.append(reinterpret_cast<const char*>(bytes.data), bytes.size);
  }
  std::string to_clock;
  std::string from_clock;
};

}  // namespace story
