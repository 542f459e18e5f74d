// The push button: closes to ground.
#pragma once

#include <Arduino.h>

#include "skiclock/ports.h"

namespace skiclock {

class Contact : public ButtonPort {
 public:
  explicit Contact(std::int8_t pin) : pin_(pin) {}
  void begin() { pinMode(pin_, INPUT_PULLUP); }
  bool is_pressed() override { return digitalRead(pin_) == LOW; }

 private:
  std::int8_t pin_;
};

}  // namespace skiclock
