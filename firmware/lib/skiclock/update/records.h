// What updates keep in flash.
#pragma once

#include "skiclock/update/attempt.h"
#include "skiclock/update/refused.h"
#include "skiclock/update/result_store.h"

namespace skiclock {

struct UpdateRecords {
  explicit UpdateRecords(StorePort& store) : attempt(store), results(store), refused(store) {}
  AttemptStore attempt;
  ResultStore results;
  RefusedVersions refused;
};

}  // namespace skiclock
