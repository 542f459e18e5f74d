// Any message as new settings: all of it or nothing, and what is in force survives a restart.
#include <cstdint>

#include "settled.h"

using skiclock::fuzz::require;
using Outcome = skiclock::ApplyResult::Outcome;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::MemoryStore store;
  const skiclock::BuildDefaults defaults;
  skiclock::SettingsStore settings(store, defaults);
  settings.load();
  settings.apply(skiclock::text_of(R"({"mqtt_host":"before","brightness":5})"), 1);
  const std::string before = skiclock::fuzz::report_of(settings);
  const skiclock::Text json = skiclock::text_of(skiclock::Bytes{data, size});
  const skiclock::ApplyResult result = settings.apply(json, 2);
  require(result.outcome != Outcome::kCurrent);
  require((result.outcome == Outcome::kRefused) == (result.why[0] != '\0'));
  if (result.outcome == Outcome::kRefused) {
    require(skiclock::fuzz::report_of(settings) == before);
    require(settings.settings().version == 1);
  } else {
    require(settings.settings().version == 2);
  }
  skiclock::fuzz::require_settled(store, settings);
  return 0;
}
