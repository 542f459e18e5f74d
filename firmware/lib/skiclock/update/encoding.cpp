// How keys, hashes and signatures are written.
#include "skiclock/update/encoding.h"

namespace skiclock {
namespace {

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

int base64_value(char letter) {
  if (letter >= 'A' && letter <= 'Z') return letter - 'A';
  if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9') return letter - '0' + 52;
  if (letter == '+') return 62;
  if (letter == '/') return 63;
  return -1;
}

// The 24 bits of four letters, of which the last `padding` are '='; -1 where they are not base64.
std::int32_t quartet(const char* letters, std::size_t padding) {
  std::int32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int value = i < 4 - padding ? base64_value(letters[i]) : 0;
    if (value < 0) return -1;
    bits = bits << 6 | value;
  }
  // Bits that no byte is made of must be 0: one text for one sequence of bytes.
  const std::int32_t unused = padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0;
  return (bits & unused) == 0 ? bits : -1;
}

// Takes an INTEGER of 1 to 33 bytes off the front, positive and minimally encoded.
bool take_integer(Bytes* rest) {
  if (rest->size < 3 || rest->data[0] != 0x02) return false;
  const std::size_t size = rest->data[1];
  if (size < 1 || size > 33 || size + 2 > rest->size) return false;
  const std::uint8_t* value = rest->data + 2;
  *rest = {value + size, rest->size - 2 - size};
  const bool is_negative = value[0] >= 0x80;
  const bool is_zero = size == 1 && value[0] == 0;
  const bool is_padded = size > 1 && value[0] == 0 && value[1] < 0x80;
  const bool is_too_long = size == 33 && value[0] != 0;
  return !is_negative && !is_zero && !is_padded && !is_too_long;
}

}  // namespace

bool decode_hex(Text hex, std::uint8_t* bytes, std::size_t size) {
  if (hex.size != 2 * size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = hex_value(hex.data[2 * i]);
    const int low = hex_value(hex.data[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

void encode_hex(Bytes bytes, char* hex) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size; ++i) {
    hex[2 * i] = kDigits[bytes.data[i] >> 4];
    hex[2 * i + 1] = kDigits[bytes.data[i] & 0xF];
  }
}

std::size_t decode_base64(Text base64, std::uint8_t* bytes, std::size_t capacity) {
  if (base64.size == 0 || base64.size % 4 != 0) return 0;
  const bool one = base64.data[base64.size - 1] == '=';
  const bool two = one && base64.data[base64.size - 2] == '=';
  const std::size_t padding = two ? 2 : one ? 1 : 0;
  const std::size_t size = base64.size / 4 * 3 - padding;
  if (size > capacity) return 0;
  std::size_t written = 0;
  for (std::size_t i = 0; i < base64.size; i += 4) {
    const std::int32_t bits = quartet(base64.data + i, i + 4 == base64.size ? padding : 0);
    if (bits < 0) return 0;
    for (int shift = 16; shift >= 0 && written < size; shift -= 8) {
      bytes[written++] = static_cast<std::uint8_t>(bits >> shift & 0xFF);
    }
  }
  return size;
}

bool is_signature(Bytes der) {
  if (der.size < 2 || der.size > kMaxSignatureBytes) return false;
  if (der.data[0] != 0x30 || der.data[1] != der.size - 2) return false;
  Bytes rest = {der.data + 2, der.size - 2};
  const bool has_r = take_integer(&rest);
  const bool has_s = has_r && take_integer(&rest);
  return has_s && rest.size == 0;
}

}  // namespace skiclock
