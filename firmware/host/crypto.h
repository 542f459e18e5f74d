// SHA-256 and ECDSA by mbedTLS, the ESP32's own library.
#pragma once

#include <mbedtls/sha256.h>

#include <string>
#include <vector>

#include "skiclock/ports.h"

namespace skiclock::host {

class Sha256 : public Sha256Port {
 public:
  Sha256();
  ~Sha256() override;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void begin() override;
  void add(Bytes piece) override;
  void finish(std::uint8_t digest[32]) override;

 private:
  mbedtls_sha256_context context_;
};

class Signature : public SignaturePort {
 public:
  bool verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
              Bytes signature) override;
};

// The SHA-256 of bytes in lower-case hex.
std::string sha256_hex(const std::vector<std::uint8_t>& bytes);

}  // namespace skiclock::host
