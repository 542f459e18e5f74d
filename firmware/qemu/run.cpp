// Runs parts of the core and a whole clock, and says what came of it.
#include <cstring>

#include "chip.h"
#include "say.h"

void check_time();
void check_versions();
void check_messages();
void check_packets();
void check_settings();
void check_flash_log();
void check_frames();
void run_clock();

void say(const char* text) { put(text, std::strlen(text)); }

void say(skiclock::Text text) { put(text.data, text.size); }

void say_number(std::int64_t number) {
  char digits[24];
  char* at = digits + sizeof digits;
  const bool is_negative = number < 0;
  std::uint64_t rest =
      is_negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (is_negative) *--at = '-';
  put(at, static_cast<std::size_t>(digits + sizeof digits - at));
}

void say_hex(skiclock::Bytes bytes) {
  static const char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size; ++i) {
    const char pair[] = {kDigits[bytes.data[i] >> 4], kDigits[bytes.data[i] & 15]};
    put(pair, 2);
  }
}

void say_hash(skiclock::Bytes bytes) {
  std::uint32_t hash = 2166136261U;
  for (std::size_t i = 0; i < bytes.size; ++i) hash = (hash ^ bytes.data[i]) * 16777619U;
  const std::uint8_t big_endian[] = {
      static_cast<std::uint8_t>(hash >> 24), static_cast<std::uint8_t>(hash >> 16),
      static_cast<std::uint8_t>(hash >> 8), static_cast<std::uint8_t>(hash)};
  say_hex({big_endian, 4});
}

int main() {
  check_time();
  check_versions();
  check_messages();
  check_packets();
  check_settings();
  check_flash_log();
  check_frames();
  run_clock();
  say("end\n");
  return 0;
}
