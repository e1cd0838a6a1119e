#include "tls_proxy/certificate/description.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using limpid::testing::CertificateSpec;
using limpid::testing::Credential;
using limpid::testing::kTestNow;
using limpid::testing::make_certificate;

Description described(const Credential& credential) {
  const auto description = describe(limpid::testing::chain_of({&credential}).der().front());
  EXPECT_TRUE(description.has_value());
  return description.value_or(Description{});
}

TEST(Description, SaysWhatTheCertificateSays) {
  const Credential authority = make_certificate(limpid::testing::ca_spec("Some CA"));
  CertificateSpec spec;
  spec.common_name = "shop.example";
  spec.organisation = "Käserei, \"Süd\"";
  spec.names =
      "DNS:shop.example,DNS:*.shop.example,IP:192.0.2.7,IP:2001:db8::7,email:a@shop.example,"
      "URI:https://shop.example/";
  const Credential leaf = make_certificate(spec, &authority);
  const Description description = described(leaf);
  EXPECT_EQ(description.sha256, hex(limpid::testing::chain_of({&leaf}).leaf_fingerprint()));
  EXPECT_NE(description.subject.find("CN=shop.example"), std::string::npos);
  EXPECT_NE(description.subject.find("Käserei\\, \\\"Süd\\\""), std::string::npos) << description.subject;
  EXPECT_EQ(description.issuer, "CN=Some CA");
  EXPECT_EQ(description.names,
            (std::vector<std::string>{"shop.example", "*.shop.example", "192.0.2.7", "2001:db8::7",
                                      "a@shop.example", "https://shop.example/"}));
  EXPECT_FALSE(description.serial.empty());
  const auto now_s = std::chrono::floor<std::chrono::seconds>(kTestNow).time_since_epoch().count();
  EXPECT_EQ(description.not_before_s, now_s - 10 * 86'400);
  EXPECT_EQ(description.not_after_s, now_s + 80 * 86'400);
  EXPECT_FALSE(description.self_signed);
}

TEST(Description, NamesKindAndSizeOfTheKey) {
  const auto of_key = [](limpid::testing::TestKey key) {
    CertificateSpec spec;
    spec.key = key;
    if (key == limpid::testing::TestKey::kEd25519) spec.digest = nullptr;
    return described(make_certificate(spec));
  };
  EXPECT_EQ(of_key(limpid::testing::TestKey::kP384).key_kind, "EC");
  EXPECT_EQ(of_key(limpid::testing::TestKey::kP384).key_bits, 384U);
  EXPECT_EQ(of_key(limpid::testing::TestKey::kRsa2048).key_kind, "RSA");
  EXPECT_EQ(of_key(limpid::testing::TestKey::kRsa2048).key_bits, 2'048U);
  EXPECT_EQ(of_key(limpid::testing::TestKey::kRsa2048).signature_algorithm, "sha256WithRSAEncryption");
  EXPECT_EQ(of_key(limpid::testing::TestKey::kEd25519).key_kind, "ED25519");
}

TEST(Description, SelfSignedMeansSignedWithItsOwnKey) {
  EXPECT_TRUE(described(make_certificate({})).self_signed);
  const Credential issuer = make_certificate({});
  EXPECT_FALSE(described(make_certificate({}, &issuer)).self_signed);  // the same name, another key
}

TEST(Description, ACertificateWithoutNamesHasNone) {
  CertificateSpec spec;
  spec.names = "";
  EXPECT_TRUE(described(make_certificate(spec)).names.empty());
}

TEST(Description, BytesThatAreNoCertificateHaveNoDescription) {
  EXPECT_FALSE(describe(""));
  EXPECT_FALSE(describe("rubbish"));
  const Credential credential = make_certificate({});
  const std::string der = limpid::testing::chain_of({&credential}).der().front();
  for (std::size_t size = 0; size < der.size(); size += 7)
    EXPECT_FALSE(describe(std::string_view(der).substr(0, size)));
}

TEST(Description, HashesAsTheStandardSays) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Description, TheYear9999IsKept) {
  CertificateSpec spec;
  spec.until_date = "99991231235959Z";
  EXPECT_EQ(described(make_certificate(spec)).not_after_s, 253'402'300'799);
}

}  // namespace
}  // namespace limpid::certificate
