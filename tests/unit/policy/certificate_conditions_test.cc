#include "policy/certificate_conditions.h"

#include <gtest/gtest.h>

namespace limpid::policy {
namespace {

constexpr std::chrono::seconds kDay = std::chrono::hours(24);
constexpr WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));

CertificateFacts bank() {
  return {.names = {"bank.example", "*.shop.example"},
          .subject = "cn=bank.example,o=bank ag,c=ch",
          .issuer = "cn=some ca,o=trust",
          .fingerprints = {"aa", "bb"},
          .key = "rsa",
          .key_bits = 2048,
          .not_before_s = 1'800'000'000 - 10 * 86'400,
          .not_after_s = 1'800'000'000 + 20 * 86'400,
          .outcomes = {"trusted"},
          .believed = true};
}

CertificateRefusal asked(const CertificateConditions& when, const CertificateFacts& shown = bank(),
                         bool to_pass = false) {
  return refusal(when, shown, to_pass, kNow);
}

TEST(CertificateConditions, WithoutAnyHoldForEveryCertificate) {
  EXPECT_FALSE(CertificateConditions{}.any());
  EXPECT_EQ(asked({}), CertificateRefusal::kNone);
  EXPECT_TRUE(CertificateConditions{.key = {"ec"}}.any());
}

TEST(CertificateConditions, MatchTheNamesOfTheCertificate) {
  EXPECT_EQ(asked({.name = {"bank.example"}}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.name = {"*.example"}}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.name = {"*.shop.example"}}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.name = {"www.shop.example"}}), CertificateRefusal::kName)
      << "the certificate is for any shop: nobody says that it is this one";
  EXPECT_EQ(asked({.name = {"other.example", "*"}}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.name = {"*"}}, CertificateFacts{}), CertificateRefusal::kName);
}

TEST(CertificateConditions, MatchTextsWithAnyCharactersForAStar) {
  const auto subject = [](const char* pattern) {
    return asked({.subject = {pattern}}) == CertificateRefusal::kNone;
  };
  EXPECT_TRUE(subject("*o=bank ag*"));
  EXPECT_TRUE(subject("cn=bank.example,o=bank ag,c=ch"));
  EXPECT_TRUE(subject("cn=*,c=ch"));
  EXPECT_TRUE(subject("*b*a*n*k*"));
  EXPECT_FALSE(subject("o=bank ag"));
  EXPECT_FALSE(subject("*o=bank"));
  EXPECT_FALSE(subject("cn=*,c=de"));
  EXPECT_FALSE(subject("?n=*"));
  EXPECT_EQ(asked({.issuer = {"cn=some ca*"}}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.issuer = {"cn=other*"}}), CertificateRefusal::kIssuer);
  EXPECT_EQ(asked({.subject = {"x"}}), CertificateRefusal::kSubject);
}

TEST(CertificateConditions, ATextThatNearlyMatchesOftenEndsSoon) {
  CertificateFacts shown = bank();
  shown.subject = std::string(20'000, 'a');
  EXPECT_EQ(asked({.subject = {"*a*a*a*a*a*a*a*a*b"}}, shown), CertificateRefusal::kSubject);
}

TEST(CertificateConditions, MatchTheKeyAndItsSize) {
  EXPECT_EQ(asked({.key = {"ec", "rsa"}}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.key = {"ec"}}), CertificateRefusal::kKey);
  EXPECT_EQ(asked({.key_bits = {{256, 256}, {2048, 4096}}}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.key_bits = {{1, 2047}}}), CertificateRefusal::kKeyBits);
}

TEST(CertificateConditions, MatchDatesFromNowOn) {
  EXPECT_EQ(asked({.expires_within = 20 * kDay}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.expires_within = 19 * kDay}), CertificateRefusal::kExpiry);
  EXPECT_EQ(asked({.issued_within = 10 * kDay}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.issued_within = 9 * kDay}), CertificateRefusal::kIssued);
  EXPECT_EQ(asked({.valid_for_more_than = 29 * kDay}), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.valid_for_more_than = 30 * kDay}), CertificateRefusal::kLifetime);
  CertificateFacts over = bank();
  over.not_after_s = over.not_before_s + 1;
  EXPECT_EQ(asked({.expires_within = kDay}, over), CertificateRefusal::kNone) << "it has expired";
}

TEST(CertificateConditions, MatchWhatVerificationFound) {
  CertificateFacts old = bank();
  old.outcomes = {"expired", "name_mismatch"};
  old.believed = false;
  EXPECT_EQ(asked({.outcome = {"name_mismatch"}}, old), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.outcome = {"name_mismatch"}}, old, true), CertificateRefusal::kOutcome)
      << "who passes it has to overlook every defect by its name";
  EXPECT_EQ(asked({.outcome = {"name_mismatch", "trusted", "expired"}}, old, true),
            CertificateRefusal::kNone);
  EXPECT_EQ(asked({.outcome = {"trusted", "weak"}}, old), CertificateRefusal::kOutcome);
  EXPECT_EQ(asked({.outcome = {"trusted"}}), CertificateRefusal::kNone);
}

TEST(CertificateConditions, ARuleThatPassesDoesNotBelieveWhatAnybodyCanWrite) {
  CertificateFacts feigned = bank();
  feigned.outcomes = {"self_signed"};
  feigned.believed = false;
  EXPECT_EQ(asked({.name = {"bank.example"}}, feigned, true), CertificateRefusal::kNotBelieved);
  EXPECT_EQ(asked({.name = {"bank.example"}}, feigned, false), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.name = {"bank.example"}}, bank(), true), CertificateRefusal::kNone);
}

TEST(CertificateConditions, AFingerprintNeedsNoOtherProofButOfTheServersOwnCertificate) {
  CertificateFacts unknown = bank();
  unknown.outcomes = {"unknown_issuer"};
  unknown.believed = false;
  EXPECT_EQ(asked({.fingerprint = {"aa"}}, unknown, true), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.fingerprint = {"bb"}}, unknown, true), CertificateRefusal::kFingerprint)
      << "anybody can send along an issuer that is not theirs";
  EXPECT_EQ(asked({.fingerprint = {"bb"}}, unknown, false), CertificateRefusal::kNone);
  EXPECT_EQ(asked({.fingerprint = {"bb"}}, bank(), true), CertificateRefusal::kFingerprint)
      << "a chain that verifies may have a stranger's certificate behind it";
}

}  // namespace
}  // namespace limpid::policy
