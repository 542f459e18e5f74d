// SHA-256 and ECDSA over P-256, by mbedTLS.
#pragma once

#include <mbedtls/sha256.h>

#include "skiclock/ports.h"

namespace skiclock {

class Sha256 : public Sha256Port {
 public:
  Sha256() { mbedtls_sha256_init(&context_); }
  ~Sha256() override { mbedtls_sha256_free(&context_); }
  void begin() override { mbedtls_sha256_starts_ret(&context_, 0); }
  void add(Bytes piece) override { mbedtls_sha256_update_ret(&context_, piece.data, piece.size); }
  void finish(std::uint8_t digest[32]) override { mbedtls_sha256_finish_ret(&context_, digest); }

 private:
  mbedtls_sha256_context context_;
};

class Signature : public SignaturePort {
 public:
  bool verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
              Bytes signature) override;
};

}  // namespace skiclock
