// Arithmetic that the core has no instructions for: on the ESP8266 it is in ROM, and Debian's
// libgcc leaves it out for that reason.
#include <cstdint>
#include <type_traits>

namespace {

// Bit by bit; without the operators that would call these functions again.
template <typename Number>
Number divide(Number dividend, Number divisor, Number* remainder) {
  Number quotient = 0;
  Number rest = 0;
  for (int bit = sizeof(Number) * 8 - 1; bit >= 0; --bit) {
    rest = static_cast<Number>(rest << 1 | (dividend >> bit & 1U));
    if (rest < divisor) continue;
    rest -= divisor;
    quotient |= static_cast<Number>(1) << bit;
  }
  *remainder = rest;
  return quotient;
}

template <typename Number>
Number magnitude(std::make_signed_t<Number> value) {
  return value < 0 ? Number{0} - static_cast<Number>(value) : static_cast<Number>(value);
}

}  // namespace

extern "C" {

std::uint64_t __muldi3(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  for (; b != 0; b >>= 1, a <<= 1) {
    if ((b & 1U) != 0) product += a;
  }
  return product;
}

std::uint32_t __udivsi3(std::uint32_t a, std::uint32_t b) {
  std::uint32_t rest;
  return divide(a, b, &rest);
}

std::uint32_t __umodsi3(std::uint32_t a, std::uint32_t b) {
  std::uint32_t rest;
  divide(a, b, &rest);
  return rest;
}

std::int32_t __divsi3(std::int32_t a, std::int32_t b) {
  const std::uint32_t quotient =
      __udivsi3(magnitude<std::uint32_t>(a), magnitude<std::uint32_t>(b));
  return static_cast<std::int32_t>((a < 0) != (b < 0) ? 0 - quotient : quotient);
}

std::int32_t __modsi3(std::int32_t a, std::int32_t b) {
  const std::uint32_t rest = __umodsi3(magnitude<std::uint32_t>(a), magnitude<std::uint32_t>(b));
  return static_cast<std::int32_t>(a < 0 ? 0 - rest : rest);
}

std::uint64_t __udivdi3(std::uint64_t a, std::uint64_t b) {
  std::uint64_t rest;
  return divide(a, b, &rest);
}

std::uint64_t __umoddi3(std::uint64_t a, std::uint64_t b) {
  std::uint64_t rest;
  divide(a, b, &rest);
  return rest;
}

std::int64_t __divdi3(std::int64_t a, std::int64_t b) {
  const std::uint64_t quotient =
      __udivdi3(magnitude<std::uint64_t>(a), magnitude<std::uint64_t>(b));
  return static_cast<std::int64_t>((a < 0) != (b < 0) ? 0 - quotient : quotient);
}

std::int64_t __moddi3(std::int64_t a, std::int64_t b) {
  const std::uint64_t rest = __umoddi3(magnitude<std::uint64_t>(a), magnitude<std::uint64_t>(b));
  return static_cast<std::int64_t>(a < 0 ? 0 - rest : rest);
}

}  // extern "C"
