// How keys, hashes and signatures are written: hex, base64, and DER for ECDSA.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

// Exactly `size` bytes from `2 * size` hex digits of either case.
bool decode_hex(Text hex, std::uint8_t* bytes, std::size_t size);
// `2 * bytes.size` lower-case digits, not terminated.
void encode_hex(Bytes bytes, char* hex);

// Standard base64 (RFC 4648) with its padding, no white space, no stray bits at the end. Returns
// the number of bytes; 0 where the text is not base64 or does not fit.
std::size_t decode_base64(Text base64, std::uint8_t* bytes, std::size_t capacity);

inline constexpr std::size_t kMaxSignatureBytes = 72;  // SEQUENCE of two 33-byte INTEGERs

// Whether this is the DER form of a P-256 signature (RFC 3279, section 2.2.3): two positive
// INTEGERs of at most 32 significant bytes, minimally encoded, and nothing after them. Ports are
// handed nothing else, so that TLS libraries with lax parsers accept the same signatures.
bool is_signature(Bytes der);

}  // namespace skiclock
