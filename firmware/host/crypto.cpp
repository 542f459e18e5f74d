// SHA-256 and ECDSA by mbedTLS, the ESP32's own library.
#include "crypto.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>

namespace skiclock::host {

Sha256::Sha256() { mbedtls_sha256_init(&context_); }

Sha256::~Sha256() { mbedtls_sha256_free(&context_); }

void Sha256::begin() { mbedtls_sha256_starts_ret(&context_, 0); }

void Sha256::add(Bytes piece) { mbedtls_sha256_update_ret(&context_, piece.data, piece.size); }

void Sha256::finish(std::uint8_t digest[32]) { mbedtls_sha256_finish_ret(&context_, digest); }

bool Signature::verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
                       Bytes signature) {
  mbedtls_ecdsa_context context;
  mbedtls_ecdsa_init(&context);
  const bool is_good =
      mbedtls_ecp_group_load(&context.grp, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
      mbedtls_ecp_point_read_binary(&context.grp, &context.Q, public_key, 65) == 0 &&
      mbedtls_ecp_check_pubkey(&context.grp, &context.Q) == 0 &&
      mbedtls_ecdsa_read_signature(&context, digest, 32, signature.data, signature.size) == 0;
  mbedtls_ecdsa_free(&context);
  return is_good;
}

std::string sha256_hex(const std::vector<std::uint8_t>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::uint8_t digest[32];
  mbedtls_sha256_ret(bytes.data(), bytes.size(), digest, 0);
  std::string hex;
  for (const std::uint8_t byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace skiclock::host
