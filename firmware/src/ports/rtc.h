// A DS3231, read and written through its registers.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

class Rtc : public RtcPort {
 public:
  Rtc(std::int8_t sda, std::int8_t scl) : sda_(sda), scl_(scl) {}
  void begin();
  bool read(std::int64_t* unix_s) override;
  bool write(std::int64_t unix_s) override;

 private:
  std::int8_t sda_;
  std::int8_t scl_;
};

}  // namespace skiclock
