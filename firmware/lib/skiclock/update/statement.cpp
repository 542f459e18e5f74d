// What a firmware signature signs.
#include "skiclock/update/statement.h"

#include <cstring>

#include "contract/contract.h"
#include "skiclock/update/encoding.h"
#include "skiclock/update/text.h"

namespace skiclock {
namespace {

static_assert(contract::kPublicKeyDigits == 2 * kPublicKeyBytes);

// A line break inside a field could make one statement read as another.
bool is_one_line(Text text) {
  return text.size > 0 && std::memchr(text.data, '\n', text.size) == nullptr;
}

}  // namespace

std::size_t write_statement(const Statement& statement, char* buffer, std::size_t capacity) {
  if (!is_one_line(statement.platform) || !is_one_line(statement.version)) return 0;
  char hex[2 * kDigestBytes];
  encode_hex({statement.sha256, kDigestBytes}, hex);
  TextBuilder text(buffer, capacity);
  text.add(contract::kStatementTitle).add("\n").add(statement.platform).add("\n");
  text.add(statement.version).add("\n").add_number(statement.size_bytes).add("\n");
  text.add(Text{hex, sizeof hex}).add("\n");
  return text.is_whole() ? text.text().size : 0;
}

bool PublicKeys::add(Text hex) {
  if (count_ == 2 || !decode_hex(hex, points_[count_], kPublicKeyBytes)) return false;
  if (points_[count_][0] != 0x04) return false;
  ++count_;
  return true;
}

bool is_signed(const Statement& statement, Bytes signature, const PublicKeys& keys,
               Sha256Port& sha256, SignaturePort& signatures) {
  char text[kMaxStatementBytes + 1];
  const std::size_t size = write_statement(statement, text, sizeof text);
  if (size == 0 || !is_signature(signature)) return false;
  std::uint8_t digest[kDigestBytes];
  sha256.begin();
  sha256.add(bytes_of(Text{text, size}));
  sha256.finish(digest);
  for (std::size_t i = 0; i < keys.count(); ++i) {
    if (signatures.verify(keys.at(i), digest, signature)) return true;
  }
  return false;
}

}  // namespace skiclock
