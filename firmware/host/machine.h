// The rest of a chip, simulated: Wi-Fi, battery-backed clock, thermometer, button, serial line.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "faults.h"
#include "skiclock/ports.h"

namespace skiclock::host {

using Steady = std::chrono::steady_clock;

// Milliseconds since some moment; wraps, as on the chips.
std::uint32_t monotonic_ms();

class Network : public NetworkPort {
 public:
  // `file`: where it keeps the name of its network; `ssid`: without one, "" for none.
  Network(std::string file, const char* ssid, const Faults& faults, bool has_driver);
  bool is_up() override { return is_joined(); }
  bool is_up() const { return is_joined(); }
  std::int16_t rssi_dbm() override;
  void ssid(char* buffer, std::size_t capacity) override;
  void ip_address(char* buffer, std::size_t capacity) override;
  bool is_portal_open() override { return false; }
  void open_portal() override {}
  bool add_network(const char* ssid, const char* password) override;
  void forget_networks() override;
  // The switch on the wall: takes Wi-Fi away or gives it back.
  void toggle() { is_switched_on_ = !is_switched_on_; }

 private:
  bool is_joined() const;

  const std::string file_;
  const Faults& faults_;
  bool has_driver_;
  bool is_switched_on_ = true;
  std::string ssid_;
  Steady::time_point started_ = Steady::now();
};

class Rtc : public RtcPort {
 public:
  Rtc(bool is_fitted, const Faults& faults) : is_fitted_(is_fitted), faults_(faults) {}
  bool read(std::int64_t* unix_s) override;
  bool write(std::int64_t unix_s) override;

 private:
  bool is_fitted_;
  const Faults& faults_;
  std::int64_t set_by_s_ = 0;  // what it was set to differs from the machine's time by this
  bool was_set_ = false;
};

// A winter's day: cold in the morning, a little less so in the afternoon.
class Thermometer : public ThermometerPort {
 public:
  explicit Thermometer(bool is_fitted) : is_fitted_(is_fitted) {}
  Reading read(std::int16_t* tenths_celsius) override;

 private:
  bool is_fitted_;
  bool is_converting_ = false;
  Steady::time_point ready_at_;
};

// A key of the terminal has no way up: a press lasts for as long as it is told to.
class Button : public ButtonPort {
 public:
  bool is_pressed() override;
  void press_for(std::chrono::milliseconds duration);
  void release();

 private:
  // Pressed by the main thread, asked by the display's.
  std::atomic<Steady::rep> until_{0};
};

class Serial : public SerialPort {
 public:
  // Standard input and output are the line, or nothing is.
  explicit Serial(bool is_connected);
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  void write(Bytes bytes) override;

 private:
  bool is_connected_;
};

class System : public SystemPort {
 public:
  void restart() override;
  const char* reset_reason() override;
  std::uint32_t free_heap_bytes() override;
  std::uint32_t min_free_heap_bytes() override;
  std::uint32_t random() override;
};

}  // namespace skiclock::host
