// A server for one connection at a time, with TLS or without, and certificates of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

// A certificate and its key, both PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

// Dates are YYYYMMDDhhmmss.
struct Wanted {
  std::string name = "localhost";  // "" for none
  bool names_loopback = false;     // 127.0.0.1 as an address
  std::string from = "20200101000000";
  std::string until = "20991231235959";
};

// An authority, and what it signs.
Identity make_authority(const std::string& name);
Identity issue(const Identity& authority, const Wanted& wanted);

// Greets with "hello", sends back what it hears, and ends a connection that says "bye".
class EchoServer {
 public:
  EchoServer();                                   // plain
  explicit EchoServer(const Identity& identity);  // TLS
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  void listen();
  void serve();
  void talk_plain(int socket);
  void talk_secret(int socket);

  Identity identity_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_to_end_{false};
  std::thread thread_;
};
