// What this clock is: compiled in, read from the chip, handed to the parts. All texts outlive it.
#pragma once

#include <cstdint>

#include "skiclock/config/settings.h"
#include "skiclock/update/image.h"
#include "skiclock/update/trial.h"

namespace skiclock {

struct Build {
  const char* device_id = "";  // 1 to 16 digits, lower-case hex
  const char* version = "";    // YYYY.M.D.BUILD
  const char* platform = "";   // contract::kPlatforms
  const char* board = "";      // likewise
  const char* chip = "";
  const char* sdk = "";
  const char* mac = "";
  std::uint32_t flash_bytes = 0;
  // Whom updates must be signed by: 130 hex digits each, "" for none.
  const char* public_key = "";
  const char* public_key_next = "";
  // Whom the server's certificate must come from, one or two roots in PEM.
  const char* roots_pem = "";
  BuildDefaults defaults;

  // How the chip takes an update; see UpdatePolicy.
  ImageKind image_kind = ImageKind::kAny;
  std::uint32_t unpack_area_end = 0;
  std::uint32_t min_free_heap_bytes = 0;
  bool needs_line_alone = false;
  std::uint32_t connect_jitter_ms = 30000;
  std::uint32_t broadcast_jitter_ms = 120000;

  std::uint32_t trial_ms = kTrialMs;

  std::uint32_t heartbeat_ms = 60000;
  // Below it an event tells of the chip's memory; 0: never.
  std::uint32_t low_heap_bytes = 0;
};

}  // namespace skiclock
