// SHA-256 and ECDSA by mbedTLS.
#include "fakes/mbedtls_crypto.h"

#include <doctest/doctest.h>
#include <mbedtls/ecdsa.h>

namespace skiclock::fakes {

MbedSha256::MbedSha256() { mbedtls_sha256_init(&context_); }
MbedSha256::~MbedSha256() { mbedtls_sha256_free(&context_); }
void MbedSha256::begin() { REQUIRE(mbedtls_sha256_starts_ret(&context_, 0) == 0); }
void MbedSha256::add(Bytes piece) {
  REQUIRE(mbedtls_sha256_update_ret(&context_, piece.data, piece.size) == 0);
}
void MbedSha256::finish(std::uint8_t digest[32]) {
  REQUIRE(mbedtls_sha256_finish_ret(&context_, digest) == 0);
}

bool MbedSignature::verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
                           Bytes signature) {
  ++verifications;
  mbedtls_ecdsa_context key;
  mbedtls_ecdsa_init(&key);
  const bool is_good =
      mbedtls_ecp_group_load(&key.grp, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
      mbedtls_ecp_point_read_binary(&key.grp, &key.Q, public_key, 65) == 0 &&
      mbedtls_ecp_check_pubkey(&key.grp, &key.Q) == 0 &&
      mbedtls_ecdsa_read_signature(&key, digest, 32, signature.data, signature.size) == 0;
  mbedtls_ecdsa_free(&key);
  return is_good;
}

}  // namespace skiclock::fakes
