// Improv Serial, version 1: a browser sets the clock's Wi-Fi over USB.
//
// Source: improv-wifi.com/serial. The line also carries the log, so packets are looked for among
// other bytes, and those we send begin and end with a line feed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

enum class ImprovType : std::uint8_t {
  kCurrentState = 0x01,
  kErrorState = 0x02,
  kCommand = 0x03,
  kResult = 0x04,
};

enum class ImprovState : std::uint8_t {
  kReady = 0x02,         // takes credentials
  kProvisioning = 0x03,  // tries them
  kProvisioned = 0x04,   // connected
};

enum class ImprovError : std::uint8_t {
  kNone = 0x00,
  kInvalidPacket = 0x01,
  kUnknownCommand = 0x02,
  kUnableToConnect = 0x03,
  kUnknown = 0xFF,
};

enum class ImprovCommand : std::uint8_t {
  kWifiSettings = 0x01,
  kCurrentState = 0x02,
  kDeviceInfo = 0x03,
  kNetworks = 0x04,  // answered with none: NetworkPort cannot scan, and clients then let one type
};

// One packet that came; `data` is gone with the next byte.
struct ImprovPacket {
  ImprovType type = ImprovType::kCommand;
  Bytes data;
};

// Finds packets in a stream of bytes that may be anything.
class ImprovReader {
 public:
  enum class Result : std::uint8_t {
    kMore,    // no packet ends here
    kPacket,  // one does
    kBroken,  // one does, and its checksum is wrong
  };
  Result take(std::uint8_t byte);
  ImprovPacket packet() const;

 private:
  std::size_t size_ = 0;
  std::uint8_t bytes_[9 + 255] = {};
};

// Writes a packet with its checksum and line feeds; returns its size, 0 where it does not fit.
std::size_t write_improv_packet(ImprovType type, Bytes data, std::uint8_t* buffer,
                                std::size_t capacity);

// Who the clock says it is; all terminated, all outliving it.
struct ImprovDevice {
  const char* firmware;
  const char* version;
  const char* chip;
  const char* name;
  const char* url;  // where people go once it is connected: the server's dashboard; "" for none
};

class Improv {
 public:
  static constexpr std::uint32_t kConnectMs = 30000;

  Improv(SerialPort& serial, NetworkPort& network, const ImprovDevice& device)
      : serial_(serial), network_(network), device_(device) {}

  // Reads what has come and answers.
  void poll(std::uint32_t now_ms);
  ImprovState state() const { return state_; }

 private:
  void handle(const ImprovPacket& packet, std::uint32_t now_ms);
  void handle_command(ImprovCommand command, Bytes arguments, std::uint32_t now_ms);
  void take_wifi(Bytes arguments, std::uint32_t now_ms);
  void watch_connection(std::uint32_t now_ms);
  bool is_on_wanted_network();
  void set_state(ImprovState state);
  void send_state();
  void send_error(ImprovError error);
  void send_result(ImprovCommand command, const char* const* texts, std::size_t count);
  void send_url(ImprovCommand command);
  void send(ImprovType type, Bytes data);

  SerialPort& serial_;
  NetworkPort& network_;
  ImprovDevice device_;
  ImprovReader reader_;
  ImprovState state_ = ImprovState::kReady;
  std::uint32_t began_ms_ = 0;
  char ssid_[33] = "";
};

}  // namespace skiclock
