// Wi-Fi over AutoConnect: several networks remembered, a captive portal, reconnecting meanwhile.
//
// No handler of a Wi-Fi event is registered: what happened is seen in `status` by whoever polls.
#include "network.h"

#include <Arduino.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace skiclock {
namespace {

constexpr char kPortalName[] = "SkiClock-Setup";
constexpr std::uint32_t kBeginMs = 15000;
// Nobody on it and Wi-Fi up for this long: the portal goes.
constexpr std::uint32_t kPortalIdleMs = 180000;

void copy(const String& text, char* buffer, std::size_t capacity) {
  if (capacity == 0) return;
  const std::size_t size = std::min<std::size_t>(text.length(), capacity - 1);
  std::memcpy(buffer, text.c_str(), size);
  buffer[size] = '\0';
}

}  // namespace

void Network::begin(const char* host_name) {
  // A new one each time, shown on the panels only: whoever stands before the clock may set it up.
  std::snprintf(portal_password_, sizeof portal_password_, "%08u",
                static_cast<unsigned>(random_word() % 100000000U));
  configure(host_name);
  portal_.begin();
}

void Network::configure(const char* host_name) {
  AutoConnectConfig config(kPortalName, portal_password_);
  config.hostName = host_name;
  config.title = "Ski Clock";
  config.beginTimeout = kBeginMs;
  // `begin` leaves the portal at once and keeps it: `poll` serves it.
  config.portalTimeout = 1;
  config.retainPortal = true;
  config.autoReconnect = true;
  config.reconnectInterval = 1;  // of 30 s
  config.autoReset = false;
  config.menuItems = AC_MENUITEM_CONFIGNEW | AC_MENUITEM_OPENSSIDS | AC_MENUITEM_DELETESSID;
  portal_.config(config);
}

void Network::poll(std::uint32_t now_ms) {
  if (!is_portal_open()) {
    // Reconnects, but answers nobody: from the club's network the portal cannot be reached.
    portal_.handleRequest();
    portal_used_at_ms_ = now_ms;
    return;
  }
  portal_.handleClient();
  close_portal_when_unused(now_ms);
}

void Network::close_portal_when_unused(std::uint32_t now_ms) {
  if (!is_up() || WiFi.softAPgetStationNum() > 0) portal_used_at_ms_ = now_ms;
  if (now_ms - portal_used_at_ms_ > kPortalIdleMs) WiFi.softAPdisconnect(true);
}

bool Network::has_networks() { return AutoConnectCredential().entries() > 0; }

bool Network::is_up() { return WiFi.status() == WL_CONNECTED; }

std::int16_t Network::rssi_dbm() { return static_cast<std::int16_t>(WiFi.RSSI()); }

void Network::ssid(char* buffer, std::size_t capacity) { copy(WiFi.SSID(), buffer, capacity); }

void Network::ip_address(char* buffer, std::size_t capacity) {
  copy(WiFi.localIP().toString(), buffer, capacity);
}

bool Network::is_portal_open() { return (WiFi.getMode() & WIFI_AP) != 0; }

void Network::open_portal() {
  portal_used_at_ms_ = millis();
  WiFi.enableAP(true);
  WiFi.softAP(kPortalName, portal_password_);
}

bool Network::add_network(const char* ssid, const char* password) {
  station_config_t network = {};
  if (std::strlen(ssid) > sizeof network.ssid) return false;
  if (std::strlen(password) >= sizeof network.password) return false;
  std::memcpy(network.ssid, ssid, std::strlen(ssid));
  std::memcpy(network.password, password, std::strlen(password));
  network.dhcp = STA_DHCP;
  if (!AutoConnectCredential().save(&network)) return false;
  WiFi.begin(ssid, password);
  return true;
}

void Network::forget_networks() {
  AutoConnectCredential networks;
  station_config_t network;
  while (networks.entries() > 0 && networks.load(static_cast<std::int8_t>(0), &network)) {
    char ssid[sizeof network.ssid + 1] = {};
    std::memcpy(ssid, network.ssid, sizeof network.ssid);
    if (!networks.del(ssid)) return;
  }
  forget_last_network();
}

}  // namespace skiclock
