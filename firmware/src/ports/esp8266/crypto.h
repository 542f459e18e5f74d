// SHA-256 and ECDSA over P-256, by BearSSL.
#pragma once

#include <bearssl/bearssl_hash.h>

#include "skiclock/ports.h"

namespace skiclock {

class Sha256 : public Sha256Port {
 public:
  void begin() override { br_sha256_init(&context_); }
  void add(Bytes piece) override { br_sha256_update(&context_, piece.data, piece.size); }
  void finish(std::uint8_t digest[32]) override { br_sha256_out(&context_, digest); }

 private:
  br_sha256_context context_;
};

class Signature : public SignaturePort {
 public:
  bool verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
              Bytes signature) override;
};

}  // namespace skiclock
