// A DS18B20 on its one wire.
#include "thermometer.h"

#include <Arduino.h>

#include "board.h"

namespace skiclock {
namespace {

// At 12 bits (data sheet, "Thermometer Resolution Configuration").
constexpr std::uint32_t kConversionMs = 750;
// What the sensor holds before its first conversion: it lost its supply meanwhile.
constexpr std::int32_t kPowerOnRaw = 85 * 128;

}  // namespace

void Thermometer::begin() {
  if (pin_ == kNoPin) return;
  wire_.begin(pin_);
  sensors_.setOneWire(&wire_);
  sensors_.setWaitForConversion(false);
}

Reading Thermometer::read(std::int16_t* tenths_celsius) {
  if (pin_ == kNoPin) return Reading::kAbsent;
  if (is_converting_) return finish(tenths_celsius);
  // Looked for each time: a plug may be put in later.
  sensors_.begin();
  if (!sensors_.getAddress(address_, 0)) return Reading::kAbsent;
  sensors_.requestTemperaturesByAddress(address_);
  is_converting_ = true;
  started_at_ms_ = millis();
  return Reading::kPending;
}

Reading Thermometer::finish(std::int16_t* tenths_celsius) {
  if (millis() - started_at_ms_ < kConversionMs) return Reading::kPending;
  is_converting_ = false;
  const std::int32_t raw = sensors_.getTemp(address_);  // 1/128 of a degree
  if (raw == DEVICE_DISCONNECTED_RAW || raw == kPowerOnRaw) return Reading::kFailed;
  *tenths_celsius = static_cast<std::int16_t>(raw * 10 / 128);
  return Reading::kReady;
}

}  // namespace skiclock
