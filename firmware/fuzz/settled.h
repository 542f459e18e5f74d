// What must hold of a clock's settings wherever they came from.
#pragma once

#include <string>

#include "input.h"
#include "memory_store.h"
#include "skiclock/config/settings_store.h"

namespace skiclock::fuzz {

inline std::string report_of(const SettingsStore& settings) {
  char buffer[4096];
  JsonWriter out(buffer, sizeof buffer);
  require(settings.report({}, out));
  return {out.written().data, out.written().size};
}

// Every value stands up to its own rule, can be stored, and is the same after a restart.
inline void require_settled(MemoryStore& store, SettingsStore& settings) {
  const Settings defaults;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    char text[kMaxValueBytes];
    char untouched[kMaxValueBytes];
    format(field(i), settings.settings(), text);
    format(field(i), defaults, untouched);
    require(std::string(text) == untouched || parse(field(i), text, nullptr) == nullptr);
  }
  require(settings.set("name", "settled").outcome != ApplyResult::Outcome::kRefused);
  const BuildDefaults defaults_of_build;
  SettingsStore again(store, defaults_of_build);
  again.load();
  require(report_of(again) == report_of(settings));
}

}  // namespace skiclock::fuzz
