// TLS by mbedTLS, the ESP32's own library, over a connection that never waits.
#include "tls.h"

#include <arpa/inet.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>

#include <cerrno>
#include <cstring>

namespace skiclock::host {
namespace {

constexpr unsigned kIpAddressName = 7;  // RFC 5280, GeneralName

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int send_some(void* tcp, const unsigned char* data, size_t size) {
  const ssize_t sent = static_cast<Tcp*>(tcp)->write(data, size);
  if (sent >= 0) return static_cast<int>(sent);
  return would_wait() ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_NET_SEND_FAILED;
}

int receive_some(void* tcp, unsigned char* buffer, size_t capacity) {
  const ssize_t got = static_cast<Tcp*>(tcp)->read(buffer, capacity);
  if (got >= 0) return static_cast<int>(got);
  return would_wait() ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_NET_RECV_FAILED;
}

// An address in bytes as a certificate holds it; empty for a name.
std::string address_bytes(const std::string& host) {
  unsigned char bytes[16];
  const auto text = [&bytes](std::size_t size) {
    return std::string(reinterpret_cast<char*>(bytes), size);
  };
  if (::inet_pton(AF_INET, host.c_str(), bytes) == 1) return text(4);
  if (::inet_pton(AF_INET6, host.c_str(), bytes) == 1) return text(16);
  return "";
}

}  // namespace

Tls::Tls(Tcp& tcp) : tcp_(tcp) {
  mbedtls_entropy_init(&entropy_);
  mbedtls_ctr_drbg_init(&random_);
  mbedtls_x509_crt_init(&roots_);
  mbedtls_ssl_config_init(&config_);
  mbedtls_ssl_init(&session_);
}

Tls::~Tls() {
  mbedtls_ssl_free(&session_);
  mbedtls_ssl_config_free(&config_);
  mbedtls_x509_crt_free(&roots_);
  mbedtls_ctr_drbg_free(&random_);
  mbedtls_entropy_free(&entropy_);
}

bool Tls::begin(const std::string& host, Trust trust, const std::string& roots_pem) {
  host_ = host;
  is_verified_ = trust == Trust::kVerified;
  if (is_verified_) {
    const auto* text = reinterpret_cast<const unsigned char*>(roots_pem.c_str());
    const int code = mbedtls_x509_crt_parse(&roots_, text, roots_pem.size() + 1);
    if (code != 0) return fail("no usable root certificate", code < 0 ? code : 0);
  }
  return set_up(host);
}

bool Tls::set_up(const std::string& host) {
  int code =
      mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_,
                            reinterpret_cast<const unsigned char*>("skiclock"), sizeof "skiclock");
  if (code != 0) return fail("no randomness", code);
  code = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                     MBEDTLS_SSL_PRESET_DEFAULT);
  if (code != 0) return fail("TLS", code);
  mbedtls_ssl_conf_min_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
  mbedtls_ssl_conf_authmode(&config_,
                            is_verified_ ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
  mbedtls_ssl_conf_ca_chain(&config_, &roots_, nullptr);
  code = mbedtls_ssl_setup(&session_, &config_);
  if (code != 0) return fail("TLS", code);
  // mbedTLS 2.28 compares names only; an address is looked for after the handshake.
  if (address_bytes(host).empty()) {
    code = mbedtls_ssl_set_hostname(&session_, host.c_str());
    if (code != 0) return fail("TLS", code);
  }
  mbedtls_ssl_set_bio(&session_, &tcp_, send_some, receive_some, nullptr);
  return true;
}

Tls::Progress Tls::handshake() {
  const int code = mbedtls_ssl_handshake(&session_);
  if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) {
    return Progress::kPending;
  }
  if (code != 0) {
    problem_ = why_refused(code);
    return Progress::kFailed;
  }
  if (is_verified_ && !address_bytes(host_).empty() && !is_address_named()) {
    problem_ = "certificate is for another address";
    return Progress::kFailed;
  }
  return Progress::kDone;
}

int Tls::read(std::uint8_t* buffer, std::size_t capacity) {
  return mbedtls_ssl_read(&session_, buffer, capacity);
}

int Tls::write(Bytes bytes) {
  // What could not be sent is tried again with the same bytes; a longer text behind it waits.
  const std::size_t size = unsent_ > 0 && unsent_ < bytes.size ? unsent_ : bytes.size;
  const int sent = mbedtls_ssl_write(&session_, bytes.data, size);
  unsent_ = sent == MBEDTLS_ERR_SSL_WANT_READ || sent == MBEDTLS_ERR_SSL_WANT_WRITE ? size : 0;
  return sent;
}

void Tls::end() { mbedtls_ssl_close_notify(&session_); }

bool Tls::is_address_named() const {
  const mbedtls_x509_crt* peer = mbedtls_ssl_get_peer_cert(&session_);
  const std::string wanted = address_bytes(host_);
  if (peer == nullptr) return false;
  for (const auto* name = &peer->subject_alt_names; name != nullptr; name = name->next) {
    const bool is_address =
        (static_cast<unsigned>(name->buf.tag) & MBEDTLS_ASN1_TAG_VALUE_MASK) == kIpAddressName;
    if (is_address && name->buf.len == wanted.size() &&
        std::memcmp(name->buf.p, wanted.data(), wanted.size()) == 0) {
      return true;
    }
  }
  return false;
}

std::string Tls::why_refused(int code) const {
  const std::uint32_t flags = mbedtls_ssl_get_verify_result(&session_);
  const bool was_looked_at = flags != 0 && flags != UINT32_MAX;
  if (was_looked_at && (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
    return "certificate is for another name";
  }
  if (was_looked_at && (flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) return "certificate expired";
  if (was_looked_at && (flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
    return "certificate not yet valid";
  }
  if (was_looked_at) return "certificate not signed by a trusted root";
  char text[100];
  mbedtls_strerror(code, text, sizeof text);
  return std::string("TLS: ") + text;
}

bool Tls::fail(const char* where, int code) {
  problem_ = where;
  if (code != 0) {
    char text[100];
    mbedtls_strerror(code, text, sizeof text);
    problem_ += std::string(": ") + text;
  }
  return false;
}

}  // namespace skiclock::host
