#include "tls_proxy/openssl/ciphers.h"

#include <gtest/gtest.h>

#include <array>

namespace limpid::openssl {
namespace {

struct CiphersTest : ::testing::Test {
  SslCtxPtr context{SSL_CTX_new(TLS_client_method())};
  SslPtr example{SSL_new(context.get())};
  Ciphers ciphers{example.get()};
};

TEST_F(CiphersTest, SayWhatASuiteIsMadeOf) {
  const Cipher* cipher = ciphers.find(0xc02b);
  ASSERT_NE(cipher, nullptr);
  EXPECT_EQ(cipher->name, "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(cipher->key_exchange, NID_kx_ecdhe);
  EXPECT_EQ(cipher->authentication, NID_auth_ecdsa);
  EXPECT_EQ(cipher->encryption, NID_aes_128_gcm);
  EXPECT_EQ(cipher->strength, 128);
  EXPECT_STREQ(SSL_CIPHER_standard_name(cipher->library), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

TEST_F(CiphersTest, TellApartThoseThatDifferInTheirTagAlone) {
  EXPECT_EQ(ciphers.find(0xc0ac)->encryption, ciphers.find(0xc0ae)->encryption) << "CCM and CCM8";
  EXPECT_NE(ciphers.find(0xc0ac)->strength, ciphers.find(0xc0ae)->strength);
}

TEST_F(CiphersTest, OfAConnectionAreThoseOfItsSuitesNumber) {
  const Cipher* cipher = ciphers.find(0x1301);
  ASSERT_NE(cipher, nullptr);
  EXPECT_EQ(&ciphers.of(cipher->library), cipher);
  EXPECT_EQ(cipher->key_exchange, NID_kx_any);
}

TEST_F(CiphersTest, AreNoneForGreaseSignalsAndWhatNobodyHas) {
  for (const std::uint16_t suite : std::array<std::uint16_t, 4>{0x0a0a, 0x00ff, 0x5600, 0xfefe}) {
    EXPECT_EQ(ciphers.find(suite), nullptr) << suite;
    EXPECT_EQ(ciphers.find(suite), nullptr) << "asked again: " << suite;
  }
}

}  // namespace
}  // namespace limpid::openssl
