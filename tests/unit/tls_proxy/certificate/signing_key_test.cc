#include "tls_proxy/certificate/signing_key.h"

#include <gtest/gtest.h>
#include <openssl/objects.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::Credential;
using testing::make_certificate;
using testing::make_key;
using testing::TestKey;

/// Signs a certificate anew with a fresh key of that kind; returns the algorithm's name.
std::string algorithm_of(TestKey kind) {
  const Credential subject = make_certificate({});
  openssl::KeyPtr key = make_key(kind);
  const openssl::KeyPtr same = openssl::share(key.get());
  const FileSigningKey keys(std::move(key), nullptr);
  EXPECT_TRUE(keys.sign(KeyId::kTrustedCa, *subject.certificate));
  EXPECT_EQ(X509_verify(subject.certificate.get(), same.get()), 1);
  return OBJ_nid2ln(X509_get_signature_nid(subject.certificate.get()));
}

TEST(FileSigningKey, TakesTheHashThatGoesWithTheKey) {
  EXPECT_EQ(algorithm_of(TestKey::kP256), "ecdsa-with-SHA256");
  EXPECT_EQ(algorithm_of(TestKey::kP384), "ecdsa-with-SHA384");
  EXPECT_EQ(algorithm_of(TestKey::kRsa2048), "sha256WithRSAEncryption");
  EXPECT_EQ(algorithm_of(TestKey::kEd25519), "ED25519");
}

TEST(FileSigningKey, EachIdHasItsOwnKey) {
  const Credential subject = make_certificate({});
  openssl::KeyPtr trusted = make_key();
  openssl::KeyPtr untrusted = make_key();
  const openssl::KeyPtr first = openssl::share(trusted.get());
  const openssl::KeyPtr second = openssl::share(untrusted.get());
  const FileSigningKey keys(std::move(trusted), std::move(untrusted));
  ASSERT_TRUE(keys.sign(KeyId::kUntrustedCa, *subject.certificate));
  EXPECT_EQ(X509_verify(subject.certificate.get(), second.get()), 1);
  EXPECT_NE(X509_verify(subject.certificate.get(), first.get()), 1);
}

TEST(FileSigningKey, WithoutTheKeyThereIsNoSignature) {
  const Credential subject = make_certificate({});
  const FileSigningKey keys(make_key(), nullptr);
  EXPECT_FALSE(keys.sign(KeyId::kUntrustedCa, *subject.certificate));
}

TEST(FileSigningKey, LendsAConnectionOnlyTheKeyOfItsCertificate) {
  const Credential shop = make_certificate({});
  std::vector<openssl::KeyPtr> list;
  list.push_back(make_key());
  list.push_back(openssl::share(shop.key.get()));
  const FileSigningKey keys(std::move(list));
  const openssl::SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  const openssl::SslPtr connection(SSL_new(context.get()));
  ASSERT_EQ(SSL_use_certificate(connection.get(), shop.certificate.get()), 1);
  EXPECT_FALSE(keys.lend(KeyId{0}, *connection));
  EXPECT_FALSE(keys.lend(KeyId{2}, *connection)) << "there is no such key";
  EXPECT_TRUE(keys.lend(KeyId{1}, *connection));
  EXPECT_EQ(SSL_check_private_key(connection.get()), 1);
}

}  // namespace
}  // namespace limpid::certificate
