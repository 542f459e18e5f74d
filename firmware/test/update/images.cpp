// Images for tests.
#include "update/images.h"

#include <doctest/doctest.h>
#include <mbedtls/base64.h>
#include <mbedtls/ecdsa.h>

#include "fakes/mbedtls_crypto.h"

namespace images {
namespace {

using skiclock::Bytes;
using skiclock::Text;

Text text(const std::string& from) { return {from.data(), from.size()}; }

std::vector<std::uint8_t> digest_of(const std::string& content) {
  std::vector<std::uint8_t> digest(skiclock::kDigestBytes);
  skiclock::fakes::MbedSha256 hash;
  hash.begin();
  hash.add(skiclock::bytes_of(text(content)));
  hash.finish(digest.data());
  return digest;
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
  unsigned char buffer[200];
  std::size_t size = 0;
  REQUIRE(mbedtls_base64_encode(buffer, sizeof buffer, &size, bytes.data(), bytes.size()) == 0);
  return std::string(buffer, buffer + size);
}

// Deterministic (RFC 6979), so mbedTLS uses no randomness but for blinding, which may be constant.
int no_randomness(void*, unsigned char* buffer, std::size_t size) {
  std::fill(buffer, buffer + size, static_cast<unsigned char>(1));
  return 0;
}

std::vector<std::uint8_t> sign(const std::string& statement, Key key) {
  const std::vector<std::uint8_t> digest = digest_of(statement);
  mbedtls_ecdsa_context context;
  mbedtls_ecdsa_init(&context);
  REQUIRE(mbedtls_ecp_group_load(&context.grp, MBEDTLS_ECP_DP_SECP256R1) == 0);
  REQUIRE(mbedtls_mpi_read_string(&context.d, 16, kGoldenKeys[key].secret_hex) == 0);
  std::vector<std::uint8_t> signature(MBEDTLS_ECDSA_MAX_LEN);
  std::size_t size = 0;
  REQUIRE(mbedtls_ecdsa_write_signature(&context, MBEDTLS_MD_SHA256, digest.data(), digest.size(),
                                        signature.data(), &size, no_randomness, nullptr) == 0);
  mbedtls_ecdsa_free(&context);
  signature.resize(size);
  return signature;
}

}  // namespace

std::string program(const std::string& version, std::size_t size_bytes) {
  std::string content;
  while (content.size() < size_bytes) content += "program " + version + "\n";
  content.resize(size_bytes);
  return content;
}

std::string version_of(const std::string& program) {
  REQUIRE(program.compare(0, 8, "program ") == 0);
  return program.substr(8, program.find('\n') - 8);
}

skiclock::UpdateOffer Offered::offer() const {
  skiclock::UpdateOffer offer;
  offer.session_id = text(session_id);
  offer.version = text(version);
  offer.size_bytes = size_bytes;
  offer.sha256_hex = text(sha256_hex);
  offer.signature_base64 = text(signature_base64);
  return offer;
}

Offered offered(const std::string& session_id, const std::string& image, const std::string& version,
                const std::string& platform, Key key) {
  const std::vector<std::uint8_t> digest = digest_of(image);
  const auto size_bytes = static_cast<std::uint32_t>(image.size());
  char statement[skiclock::kMaxStatementBytes + 1];
  const std::size_t size = skiclock::write_statement(
      {text(platform), text(version), size_bytes, digest.data()}, statement, sizeof statement);
  char hex[2 * skiclock::kDigestBytes];
  skiclock::encode_hex({digest.data(), digest.size()}, hex);
  return {session_id, version, std::string(hex, sizeof hex),
          base64(sign(std::string(statement, size), key)), size_bytes};
}

}  // namespace images
