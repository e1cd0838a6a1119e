#include "tls_proxy/client_keys.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::tls {
namespace {

using testing::TestPki;

ClientKeys keys_for(std::vector<std::vector<std::string>> hosts) {
  const std::string folder = testing::make_folder();
  std::vector<certificate::InboundFiles> files;
  for (const testing::Credential* each : {&TestPki::shared().server, &TestPki::shared().rsa_server}) {
    const std::string name = std::to_string(files.size());
    files.push_back({.certificate = testing::write_file(folder, name + ".pem", each->certificate_pem()),
                     .key = testing::write_file(folder, name + ".key", each->key_pem())});
  }
  files.resize(hosts.size());
  auto material = certificate::InboundMaterial::load(files, testing::kTestNow);
  if (!material) ADD_FAILURE() << material.error().front().sentence;
  return {std::move(hosts), std::move(material).value()};
}

const X509* shown_to(const ClientKeys& keys, std::string_view name) {
  static const openssl::SslCtxPtr kContext(SSL_CTX_new(TLS_client_method()));
  const openssl::SslPtr connection(SSL_new(kContext.get()));
  const auto show = keys.for_server(name);
  if (!show || !show(*connection)) return nullptr;
  for (const testing::Credential* each : {&TestPki::shared().server, &TestPki::shared().rsa_server}) {
    if (X509_cmp(SSL_get_certificate(connection.get()), each->certificate.get()) == 0)
      return each->certificate.get();
  }
  return nullptr;
}

TEST(ClientKeys, AreShownToTheServersThatTheyAreFor) {
  const ClientKeys keys = keys_for({{"api.bank.example", "pay.example"}, {"*.bank.example"}});
  EXPECT_EQ(shown_to(keys, "API.bank.example."), TestPki::shared().server.certificate.get());
  EXPECT_EQ(shown_to(keys, "pay.example"), TestPki::shared().server.certificate.get());
  EXPECT_EQ(shown_to(keys, "other.bank.example"), TestPki::shared().rsa_server.certificate.get());
}

TEST(ClientKeys, AreShownToNobodyElse) {
  const ClientKeys keys = keys_for({{"*.bank.example"}});
  for (const std::string_view name : {"bank.example", "example", "", "a..bank.example"})
    EXPECT_FALSE(keys.for_server(name)) << name;
}

}  // namespace
}  // namespace limpid::tls
