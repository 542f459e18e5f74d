// A DS3231, read and written through its registers (data sheet, "Timekeeping Registers").
#include "rtc.h"

#include <Wire.h>

#include "board.h"
#include "skiclock/time/civil.h"

namespace skiclock {
namespace {

constexpr std::uint8_t kAddress = 0x68;
constexpr std::uint8_t kSeconds = 0x00;  // the first of seven
constexpr std::uint8_t kStatus = 0x0F;
// Set by the chip when its oscillator stood still: the battery was empty or absent.
constexpr std::uint8_t kStopped = 0x80;

std::uint8_t from_bcd(std::uint8_t bcd) { return (bcd >> 4) * 10 + (bcd & 15); }
std::uint8_t to_bcd(int value) { return static_cast<std::uint8_t>(value / 10 << 4 | value % 10); }

bool read_registers(std::uint8_t first, std::uint8_t* values, std::uint8_t count) {
  Wire.beginTransmission(kAddress);
  Wire.write(first);
  if (Wire.endTransmission() != 0) return false;
  if (Wire.requestFrom(kAddress, count) != count) return false;
  for (std::uint8_t i = 0; i < count; ++i) values[i] = static_cast<std::uint8_t>(Wire.read());
  return true;
}

bool write_registers(std::uint8_t first, const std::uint8_t* values, std::uint8_t count) {
  Wire.beginTransmission(kAddress);
  Wire.write(first);
  Wire.write(values, count);
  return Wire.endTransmission() == 0;
}

}  // namespace

void Rtc::begin() {
  if (sda_ != kNoPin) Wire.begin(sda_, scl_);
}

bool Rtc::read(std::int64_t* unix_s) {
  std::uint8_t status = 0;
  std::uint8_t time[7];
  if (sda_ == kNoPin || !read_registers(kStatus, &status, 1) || (status & kStopped) != 0) {
    return false;
  }
  if (!read_registers(kSeconds, time, sizeof time)) return false;
  Civil civil;
  civil.second = from_bcd(time[0]);
  civil.minute = from_bcd(time[1]);
  civil.hour = from_bcd(time[2] & 0x3F);
  civil.day = from_bcd(time[4]);
  civil.month = from_bcd(time[5] & 0x1F);
  civil.year = static_cast<decltype(civil.year)>(2000 + from_bcd(time[6]));
  *unix_s = unix_of(civil);
  return true;
}

bool Rtc::write(std::int64_t unix_s) {
  if (sda_ == kNoPin) return false;
  const Civil civil = civil_of(unix_s);
  const std::uint8_t time[7] = {to_bcd(civil.second),
                                to_bcd(civil.minute),
                                to_bcd(civil.hour),
                                1,  // the day of the week, which nobody reads
                                to_bcd(civil.day),
                                to_bcd(civil.month),
                                to_bcd(civil.year % 100)};
  std::uint8_t status = 0;
  if (!write_registers(kSeconds, time, sizeof time)) return false;
  if (!read_registers(kStatus, &status, 1)) return false;
  status = static_cast<std::uint8_t>(status & ~kStopped);
  return write_registers(kStatus, &status, 1);
}

}  // namespace skiclock
