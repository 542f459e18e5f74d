// TLS by mbedTLS, the ESP32's own library, over a connection that never waits.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <string>

#include "skiclock/ports.h"
#include "tcp.h"

namespace skiclock::host {

class Tls {
 public:
  enum class Progress { kPending, kDone, kFailed };

  explicit Tls(Tcp& tcp);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Prepares a session with `host`; false with `problem` where the roots cannot be used.
  bool begin(const std::string& host, Trust trust, const std::string& roots_pem);
  Progress handshake();
  // As mbedtls_ssl_read and mbedtls_ssl_write do.
  int read(std::uint8_t* buffer, std::size_t capacity);
  int write(Bytes bytes);
  // Says goodbye, where that can be done at once.
  void end();
  const std::string& problem() const { return problem_; }

 private:
  bool set_up(const std::string& host);
  bool fail(const char* where, int code);
  bool is_address_named() const;
  std::string why_refused(int code) const;

  Tcp& tcp_;
  std::string host_;
  bool is_verified_ = false;
  std::size_t unsent_ = 0;
  std::string problem_;
  mbedtls_entropy_context entropy_;
  mbedtls_ctr_drbg_context random_;
  mbedtls_x509_crt roots_;
  mbedtls_ssl_config config_;
  mbedtls_ssl_context session_;
};

}  // namespace skiclock::host
