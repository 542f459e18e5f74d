// The serial line: the chip's UART, and its own USB where it has one.
#include "serial.h"

#include <Arduino.h>

namespace skiclock {
namespace {

constexpr unsigned long kBaud = 115200;

#if ARDUINO_USB_CDC_ON_BOOT
// Boards with a USB bridge on the UART, and boards without: whoever speaks is answered.
HardwareSerial& uart = Serial0;
#else
HardwareSerial& uart = Serial;
#endif

std::size_t take(::Stream& from, std::uint8_t* buffer, std::size_t capacity) {
  std::size_t size = 0;
  while (size < capacity && from.available() > 0) {
    buffer[size++] = static_cast<std::uint8_t>(from.read());
  }
  return size;
}

}  // namespace

void Line::begin() {
  uart.begin(kBaud);
#if ARDUINO_USB_CDC_ON_BOOT
  Serial.setTxTimeoutMs(0);  // else each write waits for a host that is not there
  Serial.begin(kBaud);
#endif
  is_open_ = true;
}

std::size_t Line::read(std::uint8_t* buffer, std::size_t capacity) {
  if (!is_open_) return 0;
  std::size_t size = take(uart, buffer, capacity);
#if ARDUINO_USB_CDC_ON_BOOT
  if (size == 0) size = take(Serial, buffer, capacity);
#endif
  return size;
}

void Line::write(Bytes bytes) {
  if (!is_open_) return;
  uart.write(bytes.data, bytes.size);
#if ARDUINO_USB_CDC_ON_BOOT
  Serial.write(bytes.data, bytes.size);
#endif
}

void Line::end() {
  uart.end();
  is_open_ = false;
}

}  // namespace skiclock
