// The serial line, for Improv.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

class Line : public SerialPort {
 public:
  void begin();
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  void write(Bytes bytes) override;
  // Gives the pin on which it is heard back to others.
  void end();

 private:
  bool is_open_ = false;
};

}  // namespace skiclock
