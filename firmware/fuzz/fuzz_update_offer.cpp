// Any offer is read or refused; what is read says one thing only, and makes one statement.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "input.h"
#include "skiclock/update/offer.h"

using namespace skiclock;
using fuzz::require;

namespace {

Text text_from(fuzz::Input& input) { return text_of(input.bytes(input.byte())); }

// Two texts of base64 or hex never mean the same bytes, but for the case of hex digits.
void check_base64(Text text) {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::uint8_t bytes[192];
  const std::size_t size = decode_base64(text, bytes, sizeof bytes);
  if (size == 0) return;
  std::string again;
  for (std::size_t i = 0; i < size; i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) bits = bits << 8 | (i + j < size ? bytes[i + j] : 0);
    for (std::size_t j = 0; j < 4; ++j) {
      again += i + j > size ? '=' : kLetters[bits >> (18 - 6 * j) & 63];
    }
  }
  require(Text{again.data(), again.size()} == text);
}

void check_signature(Bytes der) {
  if (!is_signature(der)) return;
  require(der.size <= kMaxSignatureBytes && der.size >= 8);
  // What is behind or missing makes it none.
  std::uint8_t longer[kMaxSignatureBytes + 1];
  std::copy(der.data, der.data + der.size, longer);
  longer[der.size] = 0;
  require(!is_signature({longer, der.size + 1}));
  require(!is_signature({longer, der.size - 1}));
}

void check_statement(const CheckedOffer& offer) {
  char text[kMaxStatementBytes + 1];
  const Statement statement = {text_of("esp32"), text_of(offer.version), offer.size_bytes,
                               offer.sha256};
  const std::size_t size = write_statement(statement, text, sizeof text);
  require(size > 0 && std::count(text, text + size, '\n') == 5);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  UpdateOffer offer;
  offer.session_id = text_from(input);
  offer.version = text_from(input);
  offer.sha256_hex = text_from(input);
  offer.signature_base64 = text_from(input);
  offer.size_bytes = input.byte();
  CheckedOffer checked;
  if (read_offer(offer, &checked) == nullptr) {
    require(text_of(checked.session_id).size > 0 && text_of(checked.version).size > 0);
    require(checked.signature_bytes > 0 && checked.signature_bytes <= kMaxSignatureBytes);
    require(!is_newer(text_of(checked.version), text_of(checked.version)));
    check_statement(checked);
  }
  require(
      !(is_newer(offer.version, offer.session_id) && is_newer(offer.session_id, offer.version)));
  PublicKeys keys;
  require(keys.add(offer.sha256_hex) == (keys.count() == 1));
  check_base64(offer.signature_base64);
  const Bytes rest = input.rest();
  check_base64(text_of(rest));
  check_signature(rest);
  return 0;
}
