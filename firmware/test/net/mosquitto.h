// A real broker on a port of its own, with the user "clock" and the password "secret".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace skiclock::test {

class Mosquitto {
 public:
  // Whether this machine has mosquitto and mosquitto_passwd.
  static bool is_installed();

  Mosquitto();
  ~Mosquitto();
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  void start();
  // As a power cut would: no goodbye to anybody.
  void kill();
  std::uint16_t port() const { return port_; }

 private:
  void write(const std::string& name, const std::string& content) const;

  std::string folder_;
  std::uint16_t port_;
  pid_t process_ = 0;
};

}  // namespace skiclock::test
