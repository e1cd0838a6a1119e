#include "tls_proxy/openssl/contexts.h"

#include <gtest/gtest.h>

namespace limpid::openssl {
namespace {

TEST(Contexts, AreMadeOnceForARoleAndAListOfCiphers) {
  const auto contexts = Contexts::open().value();
  const std::string list = "ECDHE-RSA-AES128-GCM-SHA256";
  SSL_CTX* first = contexts->context(Role::kClient, list);
  EXPECT_EQ(contexts->context(Role::kClient, list), first);
  EXPECT_NE(contexts->context(Role::kServer, list), first);
  EXPECT_NE(contexts->context(Role::kClient, "AES128-SHA"), first);
}

TEST(Contexts, TakeTheDefaultWhereNoCipherOfTheListIsKnown) {
  const auto contexts = Contexts::open().value();
  EXPECT_NE(contexts->context(Role::kServer, "NO-SUCH-CIPHER"), nullptr);
}

TEST(Contexts, AreForgottenWhenThereAreTooManyButLiveOnWithTheirConnections) {
  const auto contexts = Contexts::open().value();
  const SslPtr ssl(SSL_new(contexts->context(Role::kClient, "AES128-SHA")));
  for (int i = 0; i < 100; ++i) contexts->context(Role::kClient, "AES256-SHA:X" + std::to_string(i));
  EXPECT_STREQ(SSL_get_cipher_list(ssl.get(), 3), "AES128-SHA") << "behind the three of TLS 1.3";
}

}  // namespace
}  // namespace limpid::openssl
