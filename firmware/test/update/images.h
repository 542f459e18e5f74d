// Images for tests: programs that only say their version, signed with the test keys.
#pragma once

#include <string>
#include <vector>

#include "skiclock/update/offer.h"
#include "update/golden_signatures.h"

namespace images {

enum Key { kCurrent = 0, kNext = 1, kStranger = 2 };

// A text that repeats its version. `version_of` reads it: what runs when this image runs.
std::string program(const std::string& version, std::size_t size_bytes);
std::string version_of(const std::string& program);

// An offer and the texts that it points into.
struct Offered {
  std::string session_id;
  std::string version;
  std::string sha256_hex;
  std::string signature_base64;
  std::uint32_t size_bytes = 0;

  skiclock::UpdateOffer offer() const;
};

// As the server would offer this image, under `version`.
Offered offered(const std::string& session_id, const std::string& image, const std::string& version,
                const std::string& platform = "linux", Key key = kCurrent);

}  // namespace images
