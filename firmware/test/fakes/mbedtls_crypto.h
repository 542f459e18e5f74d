// SHA-256 and ECDSA by mbedTLS, the TLS stack of the ESP32's core: real ones, not fakes.
#pragma once

#include <mbedtls/sha256.h>

#include "skiclock/ports.h"

namespace skiclock::fakes {

class MbedSha256 : public Sha256Port {
 public:
  MbedSha256();
  ~MbedSha256() override;
  MbedSha256(const MbedSha256&) = delete;
  MbedSha256& operator=(const MbedSha256&) = delete;
  void begin() override;
  void add(Bytes piece) override;
  void finish(std::uint8_t digest[32]) override;

 private:
  mbedtls_sha256_context context_;
};

class MbedSignature : public SignaturePort {
 public:
  bool verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
              Bytes signature) override;
  std::uint32_t verifications = 0;
};

}  // namespace skiclock::fakes
