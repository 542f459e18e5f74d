// Wi-Fi over AutoConnect: several networks remembered, a captive portal, reconnecting meanwhile.
#pragma once

// Without AutoConnectAux: the clock has no pages of its own.
#include <AutoConnectCore.h>

#include "chip.h"
#include "skiclock/ports.h"

namespace skiclock {

class Network : public NetworkPort {
 public:
  // Tries the network used last for some seconds, then opens the portal and returns.
  void begin(const char* host_name);
  // Called every loop: serves the portal, reconnects.
  void poll(std::uint32_t now_ms);
  // Whether anybody ever told it of a network.
  bool has_networks();

  bool is_up() override;
  std::int16_t rssi_dbm() override;
  void ssid(char* buffer, std::size_t capacity) override;
  void ip_address(char* buffer, std::size_t capacity) override;
  bool is_portal_open() override;
  void open_portal() override;
  const char* portal_password() override { return portal_password_; }
  bool add_network(const char* ssid, const char* password) override;
  void forget_networks() override;

 private:
  void configure(const char* host_name);
  void close_portal_when_unused(std::uint32_t now_ms);

  WebServerOfChip server_;
  AutoConnect portal_{server_};
  char portal_password_[9] = {};
  std::uint32_t portal_used_at_ms_ = 0;
};

}  // namespace skiclock
