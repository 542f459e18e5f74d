// Versions that were tried and fell back: remembered, and not tried again.
#pragma once

#include "skiclock/ports.h"
#include "skiclock/update/version.h"

namespace skiclock {

// One record ("refused") of up to four versions. Versions that are no newer than the running one
// are refused for that and make room first, then the oldest entry does.
class RefusedVersions {
 public:
  explicit RefusedVersions(StorePort& store) : store_(store) {}

  bool contains(Text version);
  // Never again.
  bool add(Text version, Text running);
  // Never again from the second time on; the same session counts once. Returns false where the
  // flash refused.
  bool strike(Text version, Text session_id, Text running);

 private:
  StorePort& store_;
};

}  // namespace skiclock
