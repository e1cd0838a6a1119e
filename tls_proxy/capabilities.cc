#include "tls_proxy/capabilities.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "tls_proxy/client_hello.h"
#include "tls_proxy/leg_plans.h"
#include "tls_proxy/openssl/compression.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::tls {

namespace {

std::vector<std::string> versions_of(SSL_CTX* context) {
  std::vector<std::string> versions;
  for (const std::uint16_t version : {kTls13, kTls12, kTls11, kTls10, kSsl3}) {
    const bool there = SSL_CTX_set_min_proto_version(context, version) == 1 &&
                       SSL_CTX_set_max_proto_version(context, version) == 1;
    if (there) versions.push_back(version_name(version));
    SSL_CTX_set_min_proto_version(context, 0);
    SSL_CTX_set_max_proto_version(context, 0);
  }
  return versions;
}

std::vector<std::string> groups_of(SSL* connection) {
  std::vector<std::string> groups = groups_of_legs();
  std::erase_if(groups, [connection](const std::string& each) {
    return SSL_set1_groups_list(connection, each.c_str()) != 1;
  });
  return groups;
}

std::vector<std::string> ciphers_of(SSL_CTX* context) {
  std::vector<std::string> ciphers;
  // What authenticates and encrypts, by certificate: what a session can have.
  SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL:!aNULL:!eNULL:!PSK:!SRP");
  const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const char* name = SSL_CIPHER_standard_name(sk_SSL_CIPHER_value(all, i));
    if (name != nullptr) ciphers.emplace_back(name);
  }
  return ciphers;
}

}  // namespace

Capabilities capabilities() {
  Capabilities made{.library = OpenSSL_version(OPENSSL_VERSION)};
  for (const int algorithm : openssl::certificate_compressions())
    made.compressions.push_back(openssl::compression_name(algorithm));
  const openssl::SslCtxPtr context(SSL_CTX_new(TLS_method()));
  if (!context) return made;
  SSL_CTX_set_security_level(context.get(), 0);
  made.versions = versions_of(context.get());
  const openssl::SslPtr connection(SSL_new(context.get()));
  if (connection) made.groups = groups_of(connection.get());
  made.ciphers = ciphers_of(context.get());
  ERR_clear_error();
  return made;
}

}  // namespace limpid::tls
