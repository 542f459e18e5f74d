// What a firmware signature signs: platform, version, size and hash of one image.
#pragma once

#include "skiclock/ports.h"
#include "skiclock/update/version.h"

namespace skiclock {

inline constexpr std::size_t kDigestBytes = 32;
inline constexpr std::size_t kPublicKeyBytes = 65;  // uncompressed point, 0x04 first
inline constexpr std::size_t kMaxPlatformLength = 16;

// The text is
//   skiclock-firmware-1\n<platform>\n<version>\n<size, decimal>\n<SHA-256, lower-case hex>\n
// Platform and version are bound so that a broker cannot pass an old image off as a new one.
struct Statement {
  Text platform;
  Text version;
  std::uint32_t size_bytes = 0;
  const std::uint8_t* sha256 = nullptr;  // kDigestBytes
};

inline constexpr std::size_t kMaxStatementBytes =
    20 + (kMaxPlatformLength + 1) + (kMaxVersionLength + 1) + 11 + 65;

// Returns the length of the text, 0 where it does not fit or a field holds a line break.
std::size_t write_statement(const Statement& statement, char* buffer, std::size_t capacity);

// The keys that images may be signed with: the current one and, while keys change, the next.
class PublicKeys {
 public:
  // 130 hex digits of an uncompressed point. False: not such a point, or there are two already.
  bool add(Text hex);
  std::size_t count() const { return count_; }
  const std::uint8_t* at(std::size_t index) const { return points_[index]; }

 private:
  std::uint8_t points_[2][kPublicKeyBytes] = {};
  std::size_t count_ = 0;
};

// Whether one of the keys signed the statement. Blocks as long as `SignaturePort::verify` does,
// once a key.
bool is_signed(const Statement& statement, Bytes signature, const PublicKeys& keys,
               Sha256Port& sha256, SignaturePort& signatures);

}  // namespace skiclock
