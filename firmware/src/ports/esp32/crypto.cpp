// ECDSA over P-256, by mbedTLS.
#include "crypto.h"

#include <mbedtls/ecdsa.h>

namespace skiclock {

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

}  // namespace skiclock
