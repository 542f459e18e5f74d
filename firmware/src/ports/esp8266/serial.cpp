// The serial line: the chip's UART.
#include "serial.h"

#include <Arduino.h>

namespace skiclock {
namespace {

constexpr unsigned long kBaud = 115200;

}  // namespace

void Line::begin() {
  Serial.begin(kBaud);
  is_open_ = true;
}

std::size_t Line::read(std::uint8_t* buffer, std::size_t capacity) {
  std::size_t size = 0;
  while (is_open_ && size < capacity && Serial.available() > 0) {
    buffer[size++] = static_cast<std::uint8_t>(Serial.read());
  }
  return size;
}

void Line::write(Bytes bytes) {
  if (is_open_) Serial.write(bytes.data, bytes.size);
}

void Line::end() {
  Serial.end();
  is_open_ = false;
}

}  // namespace skiclock
