#include "tls_proxy/certificate/verifier.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using std::chrono::hours;
using testing::ca_spec;
using testing::CertificateSpec;
using testing::chain_of;
using testing::Credential;
using testing::kTestNow;
using testing::make_certificate;
using testing::TestKey;

class VerifierTest : public ::testing::Test {
 protected:
  VerifierTest()
      : root_(make_certificate(ca_spec("Test Root"))),
        intermediate_(make_certificate(ca_spec("Test Intermediate"), &root_)),
        verifier_(*TrustStore::load(
                      testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
                  16) {}

  Verdict verify(const CertificateSpec& spec, std::string_view host = "server.example",
                 WallTime now = kTestNow) {
    const Credential leaf = make_certificate(spec, &intermediate_);
    return verifier_.verify(chain_of({&leaf, &intermediate_}), host, server_, now);
  }

  Credential root_;
  Credential intermediate_;
  Verifier verifier_;
  IpAddress server_ = *IpAddress::parse("192.0.2.1");
};

TEST_F(VerifierTest, TrustsAGoodChainForItsName) { EXPECT_EQ(verify({}), (Verdict{Outcome::kTrusted, ""})); }

TEST_F(VerifierTest, NamesEachDefectByItsClass) {
  EXPECT_EQ(verify({.until = -hours(1)}).outcome, Outcome::kExpired);
  EXPECT_EQ(verify({.from = hours(1)}).outcome, Outcome::kNotYetValid);
  EXPECT_EQ(verify({}, "other.example").outcome, Outcome::kNameMismatch);
  EXPECT_EQ(verify({.extended_key_usage = "clientAuth"}).outcome, Outcome::kWrongUsage);
  EXPECT_EQ(verify({.key = TestKey::kRsa1024}).outcome, Outcome::kWeak);
}

TEST_F(VerifierTest, AChainThatLeadsNowhereHasAnUnknownIssuer) {
  const Credential leaf = make_certificate({}, &intermediate_);
  EXPECT_EQ(verifier_.verify(chain_of({&leaf}), "server.example", server_, kTestNow).outcome,
            Outcome::kUnknownIssuer);
  const Credential other_root = make_certificate(ca_spec("Another Root"));
  const Credential foreign = make_certificate({}, &other_root);
  EXPECT_EQ(verifier_.verify(chain_of({&foreign, &other_root}), "server.example", server_, kTestNow).outcome,
            Outcome::kUnknownIssuer);
}

TEST_F(VerifierTest, ACertificateThatSignedItselfIsSelfSigned) {
  const Credential leaf = make_certificate({});
  EXPECT_EQ(verifier_.verify(chain_of({&leaf}), "server.example", server_, kTestNow).outcome,
            Outcome::kSelfSigned);
}

TEST_F(VerifierTest, ASignatureByAnotherKeyIsBad) {
  const Credential impostor = make_certificate(ca_spec("Test Intermediate"));
  // The impostor bears the intermediate's name but not its key; only the name is looked at to find the
  // issuer.
  CertificateSpec spec;
  const Credential leaf = make_certificate(spec, &impostor);
  EXPECT_EQ(verifier_.verify(chain_of({&leaf, &intermediate_}), "server.example", server_, kTestNow).outcome,
            Outcome::kBadSignature);
}

TEST_F(VerifierTest, ReportsEveryDefectAndNamesTheGravest) {
  const Verdict verdict = verify({.until = -hours(1)}, "other.example");
  EXPECT_EQ(verdict.outcome, Outcome::kNameMismatch);
  EXPECT_NE(verdict.detail.find("hostname mismatch"), std::string::npos) << verdict.detail;
  EXPECT_NE(verdict.detail.find("expired"), std::string::npos) << verdict.detail;
}

TEST_F(VerifierTest, AWildcardStandsForOneWholeLabel) {
  const CertificateSpec wild{.names = "DNS:*.example.org"};
  EXPECT_TRUE(verify(wild, "a.example.org").trusted());
  EXPECT_FALSE(verify(wild, "a.b.example.org").trusted());
  EXPECT_FALSE(verify(wild, "example.org").trusted());
  EXPECT_FALSE(verify({.names = "DNS:a*.example.org"}, "ab.example.org").trusted());
}

TEST_F(VerifierTest, TheCommonNameIsNoName) {
  EXPECT_EQ(verify({.common_name = "server.example", .names = ""}).outcome, Outcome::kNameMismatch);
}

TEST_F(VerifierTest, WithoutAHostTheServersAddressIsHeldAgainstAddressesInTheCertificate) {
  EXPECT_TRUE(verify({.names = "IP:192.0.2.1"}, "").trusted());
  EXPECT_EQ(verify({.names = "IP:192.0.2.9"}, "").outcome, Outcome::kNameMismatch);
  const Verdict unchecked = verify({}, "");
  EXPECT_TRUE(unchecked.trusted());
  EXPECT_NE(unchecked.detail.find("not checked"), std::string::npos);
}

TEST_F(VerifierTest, TheSecondVerdictComesFromTheCache) {
  const Credential leaf = make_certificate({}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  verifier_.verify(chain, "server.example", server_, kTestNow);
  EXPECT_EQ(verifier_.cache_hits(), 0U);
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow + hours(1)).trusted());
  EXPECT_EQ(verifier_.cache_hits(), 1U);
}

TEST_F(VerifierTest, ACachedVerdictDoesNotOutliveTheCertificate) {
  const Credential leaf = make_certificate({.until = hours(2)}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow).trusted());
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow + hours(1)).trusted());
  EXPECT_EQ(verifier_.verify(chain, "server.example", server_, kTestNow + hours(3)).outcome,
            Outcome::kExpired);
}

TEST_F(VerifierTest, ACachedVerdictIsForItsNameAlone) {
  const Credential leaf = make_certificate({}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow).trusted());
  EXPECT_FALSE(verifier_.verify(chain, "other.example", server_, kTestNow).trusted());
}

TEST_F(VerifierTest, ACachedVerdictIsForItsWholeChain) {
  const Credential leaf = make_certificate({}, &intermediate_);
  EXPECT_TRUE(
      verifier_.verify(chain_of({&leaf, &intermediate_}), "server.example", server_, kTestNow).trusted());
  EXPECT_FALSE(verifier_.verify(chain_of({&leaf}), "server.example", server_, kTestNow).trusted());
}

TEST_F(VerifierTest, TheSameTextAsHostAndAsServersAddressAreTwoQuestions) {
  const Credential leaf = make_certificate({}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  EXPECT_TRUE(verifier_.verify(chain, "", server_, kTestNow).trusted());
  EXPECT_EQ(verifier_.verify(chain, "192.0.2.1", server_, kTestNow).outcome, Outcome::kNameMismatch);
}

TEST_F(VerifierTest, AnAddressInPlaceOfAHostIsHeldAgainstAddresses) {
  EXPECT_TRUE(verify({.names = "IP:192.0.2.1,IP:2001:db8::7"}, "192.0.2.1").trusted());
  EXPECT_TRUE(verify({.names = "IP:192.0.2.1,IP:2001:db8::7"}, "2001:db8::7").trusted());
  EXPECT_EQ(verify({.names = "IP:192.0.2.1"}, "192.0.2.2").outcome, Outcome::kNameMismatch);
  EXPECT_EQ(verify({.names = "DNS:192.0.2.1"}, "192.0.2.1").outcome, Outcome::kNameMismatch);
}

TEST_F(VerifierTest, HostsThatAreNoHostsMatchNothing) {
  const CertificateSpec generous{.names = "DNS:server.example,DNS:*.server.example,DNS:*.example"};
  const std::string long_one = std::string(250, 'a') + ".example";
  for (const std::string_view host :
       {std::string_view(".server.example"), std::string_view(".example"), std::string_view("."),
        std::string_view("server.example\0", 15), std::string_view("server.example\0.evil.example", 28),
        std::string_view("192.0.2.1\0", 10), std::string_view("*.server.example"),
        std::string_view("server.example:443"), std::string_view(" "), std::string_view(long_one)}) {
    const Verdict verdict = verify(generous, host);
    EXPECT_EQ(verdict.outcome, Outcome::kNameMismatch) << host;
    EXPECT_FALSE(verdict.detail.empty());
  }
}

TEST_F(VerifierTest, NeitherCaseNorTheRootsDotMakeAnotherHost) {
  const Credential leaf = make_certificate({}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  for (const char* host : {"server.example", "SERVER.example", "server.example."}) {
    EXPECT_TRUE(verifier_.verify(chain, host, server_, kTestNow).trusted()) << host;
  }
  EXPECT_EQ(verifier_.cache_misses(), 1U);
}

TEST_F(VerifierTest, AnEndInTheYear9999IsNoEnd) {
  CertificateSpec spec;
  spec.until_date = "99991231235959Z";
  const Credential leaf = make_certificate(spec, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow).trusted());
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow + hours(1)).trusted());
  EXPECT_EQ(verifier_.cache_hits(), 1U);
}

TEST_F(VerifierTest, ACachedVerdictDoesNotOutliveTheRootThatWasNotSent) {
  CertificateSpec short_root = ca_spec("Short Root");
  short_root.until = hours(2);
  const Credential root = make_certificate(short_root);
  Verifier verifier(
      *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root.certificate_pem())), 16);
  const Credential leaf = make_certificate({}, &root);
  const PresentedChain chain = chain_of({&leaf});
  EXPECT_TRUE(verifier.verify(chain, "server.example", server_, kTestNow).trusted());
  EXPECT_EQ(verifier.verify(chain, "server.example", server_, kTestNow + hours(3)).outcome,
            Outcome::kExpired);
}

TEST_F(VerifierTest, ACertificateThatWasNotYetValidBecomesTrustedInTime) {
  const Credential leaf = make_certificate({.from = hours(1)}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  EXPECT_EQ(verifier_.verify(chain, "server.example", server_, kTestNow).outcome, Outcome::kNotYetValid);
  EXPECT_EQ(
      verifier_.verify(chain, "server.example", server_, kTestNow + hours(1) - std::chrono::nanoseconds(1))
          .outcome,
      Outcome::kNotYetValid);
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow + hours(1)).trusted());
}

TEST_F(VerifierTest, AClockThatWasSetBackIsAskedAnew) {
  const Credential leaf = make_certificate({.from = -hours(1)}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow).trusted());
  EXPECT_EQ(verifier_.verify(chain, "server.example", server_, kTestNow - hours(2)).outcome,
            Outcome::kNotYetValid);
}

TEST_F(VerifierTest, OldHashesAreWeak) {
  EXPECT_EQ(verify({.digest = EVP_sha1()}).outcome, Outcome::kWeak);
  // ECDSA was never defined with MD5.
  CertificateSpec of_issuer = ca_spec("RSA Intermediate");
  of_issuer.key = TestKey::kRsa2048;
  const Credential issuer = make_certificate(of_issuer, &root_);
  const Credential leaf = make_certificate({.digest = EVP_md5()}, &issuer);
  EXPECT_EQ(verifier_.verify(chain_of({&leaf, &issuer}), "server.example", server_, kTestNow).outcome,
            Outcome::kWeak);
}

TEST_F(VerifierTest, ALeafIsNoAuthority) {
  const Credential leaf = make_certificate({}, &intermediate_);
  const Credential forged_by_leaf =
      make_certificate({.common_name = "victim.example", .names = "DNS:victim.example"}, &leaf);
  const Verdict verdict = verifier_.verify(chain_of({&forged_by_leaf, &leaf, &intermediate_}),
                                           "victim.example", server_, kTestNow);
  EXPECT_EQ(verdict.outcome, Outcome::kWrongUsage) << verdict.detail;
}

TEST_F(VerifierTest, AnUnknownCriticalExtensionIsNotPassedOver) {
  CertificateSpec spec;
  spec.further = {{NID_netscape_comment, "critical,unheard of"}};
  EXPECT_FALSE(verify(spec).trusted());
}

TEST_F(VerifierTest, AnAuthorityMayBeHeldToItsNames) {
  CertificateSpec constrained = ca_spec("Constrained");
  constrained.further = {{NID_name_constraints, "critical,permitted;DNS:.inside.example"}};
  const Credential authority = make_certificate(constrained, &root_);
  const Credential outside = make_certificate({}, &authority);
  EXPECT_FALSE(
      verifier_.verify(chain_of({&outside, &authority}), "server.example", server_, kTestNow).trusted());
  const Credential inside =
      make_certificate({.common_name = "", .names = "DNS:a.inside.example"}, &authority);
  EXPECT_TRUE(
      verifier_.verify(chain_of({&inside, &authority}), "a.inside.example", server_, kTestNow).trusted());
}

TEST_F(VerifierTest, AnIntermediateInTheStoreIsNoRoot) {
  Verifier verifier(*TrustStore::load(testing::write_file(testing::make_folder(), "intermediate.pem",
                                                          intermediate_.certificate_pem())),
                    16);
  const Credential leaf = make_certificate({}, &intermediate_);
  EXPECT_EQ(verifier.verify(chain_of({&leaf, &intermediate_}), "server.example", server_, kTestNow).outcome,
            Outcome::kUnknownIssuer);
}

TEST_F(VerifierTest, AnExpiredRootBesideAValidPathDoesNoHarm) {
  CertificateSpec old = ca_spec("Old Root");
  old.until = -hours(1);
  const Credential old_root = make_certificate(old);
  const Credential leaf = make_certificate({}, &intermediate_);
  EXPECT_TRUE(
      verifier_.verify(chain_of({&leaf, &intermediate_, &old_root}), "server.example", server_, kTestNow)
          .trusted());
}

TEST_F(VerifierTest, WithoutATrustStoreNothingIsTrusted) {
  Verifier verifier(nullptr, 16);
  const Credential leaf = make_certificate({}, &intermediate_);
  EXPECT_EQ(verifier.verify(chain_of({&leaf, &intermediate_}), "server.example", server_, kTestNow).outcome,
            Outcome::kOther);
}

}  // namespace
}  // namespace limpid::certificate
