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

}  // namespace
}  // namespace limpid::certificate
