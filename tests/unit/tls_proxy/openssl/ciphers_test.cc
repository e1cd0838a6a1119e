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
  EXPECT_EQ(cipher->standard_name, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

// A client that offered one whose name the library does not know ended the program once.
TEST_F(CiphersTest, AllHaveNames) {
  int known = 0;
  for (unsigned suite = 0; suite <= 0xffff; ++suite) {
    const Cipher* cipher = ciphers.find(static_cast<std::uint16_t>(suite));
    if (cipher == nullptr) continue;
    ++known;
    EXPECT_FALSE(cipher->name.empty()) << suite;
    EXPECT_FALSE(cipher->standard_name.empty()) << suite;
  }
  EXPECT_GT(known, 100);
  ASSERT_NE(ciphers.find(0xc102), nullptr);
  EXPECT_EQ(ciphers.find(0xc102)->standard_name, "IANA-GOST2012-GOST8912-GOST8912");
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
