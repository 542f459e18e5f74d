// An offered update: what came, and what a clock checks before it takes it up.
#pragma once

#include "skiclock/ports.h"
#include "skiclock/update/encoding.h"
#include "skiclock/update/refused.h"
#include "skiclock/update/result_store.h"
#include "skiclock/update/statement.h"

namespace skiclock {

// An offer as the version response has it; what was absent is empty or 0. The texts are the
// caller's.
struct UpdateOffer {
  Text session_id;
  Text version;
  std::uint32_t size_bytes = 0;
  Text sha256_hex;
  Text signature_base64;
};

// An offer whose texts could be read, kept while it is installed.
struct CheckedOffer {
  char session_id[kMaxSessionLength + 1] = "";
  char version[kMaxVersionLength + 1] = "";
  std::uint32_t size_bytes = 0;
  std::uint8_t sha256[kDigestBytes] = {};
  std::uint8_t signature[kMaxSignatureBytes] = {};
  std::size_t signature_bytes = 0;
};

// Both return null where nothing is wrong, words for a result otherwise.
const char* read_offer(const UpdateOffer& offer, CheckedOffer* checked);
const char* problem_with_offer(const CheckedOffer& offer, Text running_version,
                               std::uint32_t capacity_bytes, RefusedVersions& refused);

}  // namespace skiclock
