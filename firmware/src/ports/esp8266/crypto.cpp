// ECDSA over P-256, by BearSSL.
#include "crypto.h"

#include <Arduino.h>
#include <StackThunk.h>
#include <bearssl/bearssl_ec.h>

#include <cstring>

// BearSSL wants more stack than the main loop has: it is lent the one that TLS uses.
extern "C" {
bool skiclock_verify(const br_ec_public_key* key, const std::uint8_t* digest,
                     const std::uint8_t* signature, std::size_t size) {
  return br_ecdsa_i15_vrfy_asn1(&br_ec_p256_m15, digest, 32, key, signature, size) == 1;
}
make_stack_thunk(skiclock_verify);
bool thunk_skiclock_verify(const br_ec_public_key* key, const std::uint8_t* digest,
                           const std::uint8_t* signature, std::size_t size);
}

namespace skiclock {

bool Signature::verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
                       Bytes signature) {
  std::uint8_t point[65];
  std::memcpy(point, public_key, sizeof point);
  const br_ec_public_key key = {BR_EC_secp256r1, point, sizeof point};
  stack_thunk_add_ref();
  const bool is_good = thunk_skiclock_verify(&key, digest, signature.data, signature.size);
  stack_thunk_del_ref();
  return is_good;
}

}  // namespace skiclock
