// Firmware versions: their two forms and their order, as backend/contract/versions.py has them.
#pragma once

#include <array>
#include <cstdint>

#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::size_t kMaxVersionLength = 32;

// What orders a version: {0 tagged | 1 dated, three numbers, build}.
using VersionKey = std::array<std::uint32_t, 5>;

// `YYYY.M.D.BUILD` sorts by number; `vMAJOR.MINOR.PATCH`, the form of the oldest builds, sorts
// before every dated one. False for text that is neither.
bool parse_version(Text version, VersionKey* key);

// Whether a clock on `running` would install `candidate`. A running version that cannot be read
// is older than any.
bool is_newer(Text candidate, Text running);

}  // namespace skiclock
