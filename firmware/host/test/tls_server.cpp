// A server for one connection at a time, with TLS or without, and certificates of its own.
#include "tls_server.h"

#include <doctest/doctest.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace {

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.c_str());
}

struct Random {
  Random() {
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&generator);
    REQUIRE(mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, nullptr, 0) == 0);
  }
  ~Random() {
    mbedtls_ctr_drbg_free(&generator);
    mbedtls_entropy_free(&entropy);
  }
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context generator;
};

// RFC 5280, SubjectAltName: DER of the names, none longer than 127 bytes.
std::vector<unsigned char> alternative_names(const Wanted& wanted) {
  std::vector<unsigned char> names;
  if (!wanted.name.empty()) {
    names.insert(names.end(), {0x82, static_cast<unsigned char>(wanted.name.size())});
    names.insert(names.end(), wanted.name.begin(), wanted.name.end());
  }
  if (wanted.names_loopback) names.insert(names.end(), {0x87, 4, 127, 0, 0, 1});
  std::vector<unsigned char> all{0x30, static_cast<unsigned char>(names.size())};
  all.insert(all.end(), names.begin(), names.end());
  return all;
}

Identity make(const Identity* authority, const std::string& name, const Wanted& wanted) {
  Random random;
  mbedtls_pk_context key;
  mbedtls_pk_context issuer_key;
  mbedtls_pk_init(&key);
  mbedtls_pk_init(&issuer_key);
  REQUIRE(mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0);
  REQUIRE(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), mbedtls_ctr_drbg_random,
                              &random.generator) == 0);
  if (authority != nullptr) {
    REQUIRE(mbedtls_pk_parse_key(&issuer_key, bytes(authority->key), authority->key.size() + 1,
                                 nullptr, 0) == 0);
  }
  mbedtls_mpi serial;
  mbedtls_mpi_init(&serial);
  REQUIRE(mbedtls_mpi_lset(&serial, 7) == 0);
  mbedtls_x509write_cert certificate;
  mbedtls_x509write_crt_init(&certificate);
  mbedtls_x509write_crt_set_version(&certificate, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(&certificate, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&certificate, &key);
  mbedtls_x509write_crt_set_issuer_key(&certificate, authority != nullptr ? &issuer_key : &key);
  REQUIRE(mbedtls_x509write_crt_set_subject_name(&certificate, ("CN=" + name).c_str()) == 0);
  REQUIRE(mbedtls_x509write_crt_set_issuer_name(
              &certificate, authority != nullptr ? "CN=authority" : ("CN=" + name).c_str()) == 0);
  REQUIRE(mbedtls_x509write_crt_set_serial(&certificate, &serial) == 0);
  REQUIRE(mbedtls_x509write_crt_set_validity(&certificate, wanted.from.c_str(),
                                             wanted.until.c_str()) == 0);
  REQUIRE(mbedtls_x509write_crt_set_basic_constraints(&certificate, authority == nullptr, -1) == 0);
  if (authority != nullptr) {
    const std::vector<unsigned char> names = alternative_names(wanted);
    REQUIRE(mbedtls_x509write_crt_set_extension(&certificate, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
                                                names.data(), names.size()) == 0);
  }
  unsigned char pem[4096];
  Identity made;
  REQUIRE(mbedtls_x509write_crt_pem(&certificate, pem, sizeof pem, mbedtls_ctr_drbg_random,
                                    &random.generator) == 0);
  made.certificate = reinterpret_cast<char*>(pem);
  REQUIRE(mbedtls_pk_write_key_pem(&key, pem, sizeof pem) == 0);
  made.key = reinterpret_cast<char*>(pem);
  mbedtls_x509write_crt_free(&certificate);
  mbedtls_mpi_free(&serial);
  mbedtls_pk_free(&issuer_key);
  mbedtls_pk_free(&key);
  return made;
}

bool waits_for_more(int socket, const std::atomic<bool>& is_to_end) {
  while (!is_to_end) {
    pollfd wanted = {socket, POLLIN, 0};
    if (::poll(&wanted, 1, 20) > 0) return true;
  }
  return false;
}

}  // namespace

Identity make_authority(const std::string& name) { return make(nullptr, name, Wanted{}); }

Identity issue(const Identity& authority, const Wanted& wanted) {
  return make(&authority, "server", wanted);
}

EchoServer::EchoServer() { listen(); }

EchoServer::EchoServer(const Identity& identity) : identity_(identity) { listen(); }

EchoServer::~EchoServer() {
  is_to_end_ = true;
  thread_.join();
  ::close(listener_);
}

void EchoServer::listen() {
  ::signal(SIGPIPE, SIG_IGN);  // mbedTLS sends to whoever may be gone
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener_, generic, size) == 0);
  REQUIRE(::listen(listener_, 4) == 0);
  REQUIRE(::getsockname(listener_, generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

void EchoServer::serve() {
  while (waits_for_more(listener_, is_to_end_)) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (identity_.key.empty()) {
      talk_plain(socket);
    } else {
      talk_secret(socket);
    }
    ::close(socket);
  }
}

void EchoServer::talk_plain(int socket) {
  char heard[512];
  if (::send(socket, "hello", 5, MSG_NOSIGNAL) != 5) return;
  while (waits_for_more(socket, is_to_end_)) {
    const ssize_t size = ::recv(socket, heard, sizeof heard, 0);
    if (size <= 0 || std::string(heard, static_cast<std::size_t>(size)) == "bye") return;
    if (::send(socket, heard, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) return;
  }
}

void EchoServer::talk_secret(int socket) {
  Random random;
  mbedtls_x509_crt certificate;
  mbedtls_pk_context key;
  mbedtls_ssl_config config;
  mbedtls_ssl_context session;
  mbedtls_x509_crt_init(&certificate);
  mbedtls_pk_init(&key);
  mbedtls_ssl_config_init(&config);
  mbedtls_ssl_init(&session);
  mbedtls_x509_crt_parse(&certificate, bytes(identity_.certificate),
                         identity_.certificate.size() + 1);
  mbedtls_pk_parse_key(&key, bytes(identity_.key), identity_.key.size() + 1, nullptr, 0);
  mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                              MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random.generator);
  mbedtls_ssl_conf_own_cert(&config, &certificate, &key);
  mbedtls_ssl_conf_read_timeout(&config, 50);
  mbedtls_ssl_setup(&session, &config);
  mbedtls_net_context net = {socket};
  mbedtls_ssl_set_bio(&session, &net, mbedtls_net_send, nullptr, mbedtls_net_recv_timeout);
  int code = 0;
  do {
    code = mbedtls_ssl_handshake(&session);
  } while (code == MBEDTLS_ERR_SSL_TIMEOUT && !is_to_end_);
  if (code == 0) {
    mbedtls_ssl_write(&session, bytes("hello"), 5);
    unsigned char heard[512];
    while (!is_to_end_) {
      const int size = mbedtls_ssl_read(&session, heard, sizeof heard);
      if (size == MBEDTLS_ERR_SSL_TIMEOUT) continue;
      if (size <= 0) break;
      if (std::string(heard, heard + size) == "bye") {
        mbedtls_ssl_close_notify(&session);
        break;
      }
      mbedtls_ssl_write(&session, heard, static_cast<std::size_t>(size));
    }
  }
  mbedtls_ssl_free(&session);
  mbedtls_ssl_config_free(&config);
  mbedtls_pk_free(&key);
  mbedtls_x509_crt_free(&certificate);
}
