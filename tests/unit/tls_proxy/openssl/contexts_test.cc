#include "tls_proxy/openssl/contexts.h"

#include <gtest/gtest.h>

#include <string>

namespace limpid::openssl {
namespace {

TEST(Contexts, AreMadeOnceForARoleAndWhatMayBeNegotiated) {
  const auto contexts = Contexts::open().value();
  const Negotiable lists{"ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256", "?x25519", "?ed25519"};
  SSL_CTX* first = contexts->context(Role::kClient, lists);
  EXPECT_EQ(contexts->context(Role::kClient, lists), first);
  EXPECT_NE(contexts->context(Role::kServer, lists), first);
  EXPECT_NE(contexts->context(Role::kClient, lists, Secrets::kTold), first);
  for (std::string_view Negotiable::*each :
       {&Negotiable::ciphers, &Negotiable::suites, &Negotiable::groups, &Negotiable::signatures}) {
    Negotiable other = lists;
    other.*each = {};
    EXPECT_NE(contexts->context(Role::kClient, other), first);
  }
  EXPECT_NE(contexts->context(Role::kClient, {.groups = "?x25519"}),
            contexts->context(Role::kClient, {.suites = "?x25519"}));
}

TEST(Contexts, GiveTheirListsToEachConnection) {
  const auto contexts = Contexts::open().value();
  const SslPtr ssl(SSL_new(contexts->context(Role::kClient, {"AES128-SHA", "TLS_AES_128_GCM_SHA256"})));
  EXPECT_STREQ(SSL_get_cipher_list(ssl.get(), 0), "TLS_AES_128_GCM_SHA256");
  EXPECT_STREQ(SSL_get_cipher_list(ssl.get(), 1), "AES128-SHA");
  EXPECT_EQ(SSL_get_cipher_list(ssl.get(), 2), nullptr);
}

TEST(Contexts, HaveNoCipherUpToTls12WhereNoneOfTheListIsKnown) {
  const auto contexts = Contexts::open().value();
  const SslPtr ssl(SSL_new(contexts->context(Role::kServer, {.ciphers = "NO-SUCH-CIPHER"})));
  EXPECT_NE(SSL_get_cipher_list(ssl.get(), 2), nullptr) << "those of TLS 1.3";
  EXPECT_EQ(SSL_get_cipher_list(ssl.get(), 3), nullptr);
}

// In place of one that is refused the library would offer its own groups.
TEST(Contexts, AreNotMadeOfAListOfGroupsThatIsRefused) {
  const auto contexts = Contexts::open().value();
  EXPECT_EQ(contexts->context(Role::kClient, {.groups = "?*x25519:?*x448:?*P-256:?*P-384:?*P-521"}), nullptr);
  EXPECT_EQ(contexts->context(Role::kServer, {.groups = "x25519:no-such-group"}), nullptr);
  EXPECT_NE(contexts->context(Role::kClient, {.groups = "?x25519:?no-such-group"}), nullptr);
}

TEST(Contexts, AreForgottenWhenThereAreTooManyButLiveOnWithTheirConnections) {
  const auto contexts = Contexts::open().value();
  const SslPtr ssl(SSL_new(contexts->context(Role::kClient, {.ciphers = "AES128-SHA"})));
  for (int i = 0; i < 200; ++i) {
    const std::string list = "AES256-SHA:X" + std::to_string(i);
    contexts->context(Role::kClient, {.ciphers = list});
  }
  EXPECT_STREQ(SSL_get_cipher_list(ssl.get(), 3), "AES128-SHA") << "behind the three of TLS 1.3";
  // The first is not there any more: this one is not it, for that one is kept alive by its connection.
  EXPECT_NE(contexts->context(Role::kClient, {.ciphers = "AES128-SHA"}), SSL_get_SSL_CTX(ssl.get()));
}

}  // namespace
}  // namespace limpid::openssl
