// The temperature: asked now and then, kept between, missed only after several failures.
#pragma once

#include <cstdint>

#include "skiclock/app/timer.h"
#include "skiclock/display/view.h"
#include "skiclock/ports.h"

namespace skiclock {

class Sensor {
 public:
  explicit Sensor(ThermometerPort& port) : port_(port) {}

  // True when the sensor has just been given up: worth an event.
  bool poll(std::int16_t offset_tenths, std::uint32_t now_ms);
  const TemperatureView& view() const { return view_; }
  bool is_fitted() const { return view_.state != Reading::kAbsent; }

 private:
  static constexpr std::uint32_t kPauseMs = 10000;
  static constexpr std::uint8_t kFailures = 3;

  ThermometerPort& port_;
  TemperatureView view_{Reading::kPending, 0};
  Timer pause_;
  std::uint8_t failures_ = 0;
};

}  // namespace skiclock
