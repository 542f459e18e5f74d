// A DS18B20 on its one wire.
#pragma once

#include <DallasTemperature.h>
#include <OneWire.h>

#include "skiclock/ports.h"

namespace skiclock {

class Thermometer : public ThermometerPort {
 public:
  explicit Thermometer(std::int8_t pin) : pin_(pin) {}
  void begin();
  Reading read(std::int16_t* tenths_celsius) override;

 private:
  Reading finish(std::int16_t* tenths_celsius);

  std::int8_t pin_;
  OneWire wire_;
  DallasTemperature sensors_;
  DeviceAddress address_ = {};
  bool is_converting_ = false;
  std::uint32_t started_at_ms_ = 0;
};

}  // namespace skiclock
