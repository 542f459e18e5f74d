// The rest of a chip, simulated: Wi-Fi, battery-backed clock, thermometer, button, serial line.
#include "machine.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <net/if.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "files.h"
#include "flash.h"

namespace skiclock::host {
namespace {

constexpr std::chrono::milliseconds kConversion{750};  // DS18B20, 12 bits
constexpr std::chrono::seconds kJoinTime{1};
constexpr std::size_t kHeapBytes = 512 * 1024;
constexpr std::int64_t kDayS = 86400;

// As if the program's heap were a chip's.
std::uint32_t available_bytes() {
  const std::size_t used_bytes = ::mallinfo2().uordblks;
  return used_bytes < kHeapBytes ? static_cast<std::uint32_t>(kHeapBytes - used_bytes) : 0;
}

}  // namespace

std::uint32_t monotonic_ms() {
  const auto since = Steady::now().time_since_epoch();
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

Network::Network(std::string file, const char* ssid, const Faults& faults, bool has_driver)
    : file_(std::move(file)), faults_(faults), has_driver_(has_driver), ssid_(ssid) {
  if (const auto kept = read_file(file_)) ssid_.assign(kept->begin(), kept->end());
}

bool Network::is_joined() const {
  const auto lived = Steady::now() - started_;
  if (!has_driver_ || !is_switched_on_ || ssid_.empty() || lived < kJoinTime) return false;
  if (!faults_.wifi_lost_after_s) return true;
  const std::chrono::seconds from(*faults_.wifi_lost_after_s);
  return lived < from || lived > from + std::chrono::seconds(faults_.wifi_lost_for_s);
}

std::int16_t Network::rssi_dbm() {
  const double minutes = std::chrono::duration<double>(Steady::now() - started_).count() / 60;
  return static_cast<std::int16_t>(-58 + std::lround(4 * std::sin(minutes)));
}

void Network::ssid(char* buffer, std::size_t capacity) {
  std::snprintf(buffer, capacity, "%s", ssid_.c_str());
}

void Network::ip_address(char* buffer, std::size_t capacity) {
  std::snprintf(buffer, capacity, "127.0.0.1");
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    const bool is_ours = one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET &&
                         (one->ifa_flags & IFF_LOOPBACK) == 0 && (one->ifa_flags & IFF_UP) != 0;
    if (!is_ours) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    ::inet_ntop(AF_INET, &address->sin_addr, buffer, static_cast<socklen_t>(capacity));
    break;
  }
  ::freeifaddrs(all);
}

bool Network::add_network(const char* ssid, const char* password) {
  if (password == nullptr || !write_file(file_, ssid, std::strlen(ssid))) return false;
  ssid_ = ssid;
  started_ = Steady::now();
  return true;
}

void Network::forget_networks() {
  ssid_.clear();
  ::unlink(file_.c_str());
}

bool Rtc::read(std::int64_t* unix_s) {
  if (!is_fitted_) return false;
  *unix_s = std::time(nullptr) + (was_set_ ? set_by_s_ : faults_.rtc_error_s);
  return true;
}

bool Rtc::write(std::int64_t unix_s) {
  set_by_s_ = unix_s - std::time(nullptr);
  was_set_ = is_fitted_;
  return is_fitted_;
}

Reading Thermometer::read(std::int16_t* tenths_celsius) {
  if (!is_fitted_) return Reading::kAbsent;
  if (!is_converting_) {
    is_converting_ = true;
    ready_at_ = Steady::now() + kConversion;
  }
  if (Steady::now() < ready_at_) return Reading::kPending;
  is_converting_ = false;
  constexpr double kTurn = 6.283185307179586;
  const double day = static_cast<double>(std::time(nullptr) % kDayS) / kDayS;
  // DS18B20 steps of a sixteenth degree do not show in tenths; coldest at 5 o'clock UTC.
  *tenths_celsius =
      static_cast<std::int16_t>(std::lround(-60 - 45 * std::cos(kTurn * (day - 0.2))));
  return Reading::kReady;
}

bool Button::is_pressed() { return Steady::now().time_since_epoch().count() < until_; }

void Button::press_for(std::chrono::milliseconds duration) {
  until_ = (Steady::now() + duration).time_since_epoch().count();
}

void Button::release() { until_ = 0; }

Serial::Serial(bool is_connected) : is_connected_(is_connected) {
  if (!is_connected_) return;
  const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
  ::fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK);
}

std::size_t Serial::read(std::uint8_t* buffer, std::size_t capacity) {
  if (!is_connected_) return 0;
  const ssize_t got = ::read(STDIN_FILENO, buffer, capacity);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

void Serial::write(Bytes bytes) {
  // As on a real line, what nobody takes is lost.
  if (is_connected_ && ::write(STDOUT_FILENO, bytes.data, bytes.size) < 0) return;
}

void System::restart() { std::exit(kExitRestart); }

const char* System::reset_reason() {
  const char* reason = std::getenv(kReasonVariable);
  return reason != nullptr ? reason : "unknown";
}

std::uint32_t System::free_heap_bytes() { return available_bytes(); }

std::uint32_t System::min_free_heap_bytes() {
  static std::uint32_t least = UINT32_MAX;
  least = std::min(least, available_bytes());
  return least;
}

std::uint32_t System::random() {
  std::uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) std::abort();
  return number;
}

}  // namespace skiclock::host
