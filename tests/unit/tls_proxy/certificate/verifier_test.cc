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
                  {.verdicts_max = 16}) {}

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
  EXPECT_EQ(verify({.key = TestKey::kP224}).outcome, Outcome::kWeak);
}

TEST_F(VerifierTest, AChainThatLeadsNowhereHasAnUnknownIssuer) {
  const Credential leaf = make_certificate({}, &intermediate_);
  const Credential below = make_certificate(ca_spec("Below"), &intermediate_);
  const Credential of_below = make_certificate({}, &below);
  EXPECT_EQ(verifier_.verify(chain_of({&of_below, &below}), "server.example", server_, kTestNow).outcome,
            Outcome::kUnknownIssuer);
  EXPECT_EQ(verifier_.verify(chain_of({&leaf}), "server.example", server_, kTestNow).outcome,
            Outcome::kIncomplete)
      << "the server sends nothing that could lead anywhere";
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
  spec.authority_key = false;
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
  const CertificateSpec wild{.common_name = "", .names = "critical,DNS:*.example.org"};
  EXPECT_TRUE(verify(wild, "a.example.org").trusted());
  EXPECT_FALSE(verify(wild, "a.b.example.org").trusted());
  EXPECT_FALSE(verify(wild, "example.org").trusted());
  EXPECT_FALSE(
      verify({.common_name = "", .names = "critical,DNS:a*.example.org"}, "ab.example.org").trusted());
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

TEST_F(VerifierTest, AKeyThatTakesLongToVerifyWithIsNotVerifiedWith) {
  const Verdict verdict = verify({.key = TestKey::kRsa2048LargeExponent});
  EXPECT_EQ(verdict.outcome, Outcome::kWeak);
  EXPECT_EQ(verdict.detail, "an RSA key of more than 8192 bits, or with a large exponent");
}

TEST_F(VerifierTest, AStapleLongerThanAnyIssuersIsNotKept) {
  PresentedChain chain = chain_of({&intermediate_});
  chain.set_staple(std::string(PresentedChain::kStapleBytesMax + 1, 'x'));
  EXPECT_TRUE(chain.staple().empty());
  chain.set_staple(std::string(PresentedChain::kStapleBytesMax, 'x'));
  EXPECT_FALSE(chain.staple().empty());
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
      *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root.certificate_pem())),
      {.verdicts_max = 16});
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
  constrained.further = {{NID_name_constraints, "critical,permitted;DNS:inside.example"}};
  const Credential authority = make_certificate(constrained, &root_);
  const Credential outside = make_certificate({}, &authority);
  EXPECT_FALSE(
      verifier_.verify(chain_of({&outside, &authority}), "server.example", server_, kTestNow).trusted());
  const Credential inside =
      make_certificate({.common_name = "", .names = "critical,DNS:a.inside.example"}, &authority);
  EXPECT_TRUE(
      verifier_.verify(chain_of({&inside, &authority}), "a.inside.example", server_, kTestNow).trusted());
}

TEST_F(VerifierTest, AnIntermediateInTheStoreIsNoRoot) {
  Verifier verifier(*TrustStore::load(testing::write_file(testing::make_folder(), "intermediate.pem",
                                                          intermediate_.certificate_pem())),
                    {.verdicts_max = 16});
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

// --- The form of certificates ---------------------------------------------------------------------------

TEST_F(VerifierTest, WhatBreaksTheRulesIsMalformed) {
  CertificateSpec spec;
  spec.authority_key = false;
  EXPECT_EQ(verify(spec).outcome, Outcome::kMalformed) << "the library's own objection";
  EXPECT_EQ(verify({.common_name = "other.example"}).outcome, Outcome::kMalformed) << "the profile's";
}

TEST_F(VerifierTest, ACertificateIsValidThroughItsLastSecond) {
  const Credential leaf = make_certificate({.until = hours(1)}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf, &intermediate_});
  const WallTime last = kTestNow + hours(1);
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow).trusted());
  EXPECT_TRUE(
      verifier_.verify(chain, "server.example", server_, last + std::chrono::milliseconds(999)).trusted());
  EXPECT_EQ(verifier_.verify(chain, "server.example", server_, last + std::chrono::seconds(1)).outcome,
            Outcome::kExpired);
}

// --- Paths ----------------------------------------------------------------------------------------------

TEST_F(VerifierTest, AnIntermediateThatWasNotSentMayBeKnown) {
  const Credential leaf = make_certificate({}, &intermediate_);
  const PresentedChain chain = chain_of({&leaf});
  EXPECT_EQ(verifier_.verify(chain, "server.example", server_, kTestNow).outcome, Outcome::kIncomplete);
  const auto knowledge = std::make_shared<Knowledge>();
  knowledge->intermediates.add(openssl::share(intermediate_.certificate.get()));
  knowledge->generation = 1;
  verifier_.know(knowledge);
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow).trusted());
}

TEST_F(VerifierTest, AnotherWayToARootCounts) {
  CertificateSpec expired = ca_spec("Twice");
  expired.until = -hours(1);
  const Credential dead = make_certificate(expired, &root_);
  const Credential alive = make_certificate(ca_spec("Twice"), &root_);
  // Both are of one key, as a CA's certificate and its renewal are.
  X509_set_pubkey(dead.certificate.get(), alive.key.get());
  X509_sign(dead.certificate.get(), root_.key.get(), EVP_sha256());
  const Credential leaf = make_certificate({}, &alive);
  EXPECT_TRUE(
      verifier_.verify(chain_of({&leaf, &dead, &alive}), "server.example", server_, kTestNow).trusted());
}

// --- Revocation -----------------------------------------------------------------------------------------

class RevocationTest : public VerifierTest {
 protected:
  using Lists = std::vector<openssl::CrlPtr>;

  Verdict verify_with(RevocationMode mode, const Credential& leaf, Lists lists) {
    Verifier verifier(
        *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
        {.verdicts_max = 16, .revocation = mode});
    const auto knowledge = std::make_shared<Knowledge>();
    for (openssl::CrlPtr& list : lists) EXPECT_TRUE(knowledge->lists.add(std::move(list)));
    verifier.know(knowledge);
    return verifier.verify(chain_of({&leaf, &intermediate_}), "server.example", server_, kTestNow);
  }
  /// Of the intermediate and of the root.
  Lists lists(const testing::RevocationListSpec& of_intermediate,
              const testing::RevocationListSpec& of_root = {}) const {
    Lists made;
    made.push_back(testing::make_revocation_list(intermediate_, of_intermediate));
    made.push_back(testing::make_revocation_list(root_, of_root));
    return made;
  }

  Credential leaf_ = make_certificate({}, &intermediate_);
};

TEST_F(RevocationTest, ARevokedCertificateIsNotTrusted) {
  for (const RevocationMode mode : {RevocationMode::kSoft, RevocationMode::kHard}) {
    const Verdict of_leaf = verify_with(mode, leaf_, lists({.revoked = {&leaf_}}));
    EXPECT_EQ(of_leaf.outcome, Outcome::kRevoked) << of_leaf.detail;
    const Verdict of_authority = verify_with(mode, leaf_, lists({}, {.revoked = {&intermediate_}}));
    EXPECT_EQ(of_authority.outcome, Outcome::kRevoked) << of_authority.detail;
  }
  EXPECT_TRUE(verify_with(RevocationMode::kOff, leaf_, lists({.revoked = {&leaf_}})).trusted());
}

TEST_F(RevocationTest, WithListsOfAllIssuersACertificateThatIsOnNoneIsTrusted) {
  const Verdict verdict = verify_with(RevocationMode::kHard, leaf_, lists({}));
  EXPECT_TRUE(verdict.trusted()) << verdict.detail;
}

TEST_F(RevocationTest, WithoutAListOnlyHardModeObjects) {
  EXPECT_TRUE(verify_with(RevocationMode::kSoft, leaf_, {}).trusted());
  EXPECT_EQ(verify_with(RevocationMode::kHard, leaf_, {}).outcome, Outcome::kRevocationUnknown);
}

TEST_F(RevocationTest, AListThatIsOutOfDateIsNoneButWhatItRevokedStaysRevoked) {
  const testing::RevocationListSpec old{.from = -hours(48), .until = -hours(1)};
  EXPECT_TRUE(verify_with(RevocationMode::kSoft, leaf_, lists(old)).trusted());
  EXPECT_EQ(verify_with(RevocationMode::kHard, leaf_, lists(old)).outcome, Outcome::kRevocationUnknown);
  const testing::RevocationListSpec with_leaf{.revoked = {&leaf_}, .from = -hours(48), .until = -hours(1)};
  EXPECT_EQ(verify_with(RevocationMode::kSoft, leaf_, lists(with_leaf)).outcome, Outcome::kRevoked);
}

TEST_F(RevocationTest, AListThatItsIssuerDidNotSignRevokesNothing) {
  const Credential impostor = make_certificate(ca_spec("Test Intermediate"));
  Lists forged;
  forged.push_back(testing::make_revocation_list(impostor, {.revoked = {&leaf_}}));
  EXPECT_TRUE(verify_with(RevocationMode::kSoft, leaf_, std::move(forged)).trusted());
  Lists again;
  again.push_back(testing::make_revocation_list(impostor, {.revoked = {&leaf_}}));
  again.push_back(testing::make_revocation_list(root_, {}));
  EXPECT_EQ(verify_with(RevocationMode::kHard, leaf_, std::move(again)).outcome, Outcome::kRevocationUnknown);
}

TEST_F(RevocationTest, AShortLivedCertificateNeedsNoList) {
  const Credential brief = make_certificate({.from = -hours(24), .until = hours(6 * 24)}, &intermediate_);
  Lists of_root;
  of_root.push_back(testing::make_revocation_list(root_, {}));
  EXPECT_TRUE(verify_with(RevocationMode::kHard, brief, std::move(of_root)).trusted());
}

TEST_F(RevocationTest, AStapledResponseTellsOfTheServersOwnCertificate) {
  const auto verdict = [&](RevocationMode mode, const std::string& staple) {
    Verifier verifier(
        *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
        {.verdicts_max = 16, .revocation = mode});
    const auto known = std::make_shared<Knowledge>();
    EXPECT_TRUE(known->lists.add(testing::make_revocation_list(root_, {})));
    verifier.know(known);
    PresentedChain chain = chain_of({&leaf_, &intermediate_});
    chain.set_staple(staple);
    return verifier.verify(chain, "server.example", server_, kTestNow).outcome;
  };
  const std::string good = testing::make_ocsp_response(intermediate_, leaf_);
  const std::string revoked = testing::make_ocsp_response(intermediate_, leaf_, {.revoked = true});
  const std::string of_another = testing::make_ocsp_response(root_, intermediate_);
  EXPECT_EQ(verdict(RevocationMode::kHard, good), Outcome::kTrusted);
  EXPECT_EQ(verdict(RevocationMode::kHard, of_another), Outcome::kRevocationUnknown);
  EXPECT_EQ(verdict(RevocationMode::kSoft, of_another), Outcome::kTrusted);
  EXPECT_EQ(verdict(RevocationMode::kSoft, revoked), Outcome::kRevoked);
  EXPECT_EQ(verdict(RevocationMode::kHard, revoked), Outcome::kRevoked);
  EXPECT_EQ(verdict(RevocationMode::kOff, revoked), Outcome::kTrusted);
}

TEST_F(RevocationTest, ACertificateThatDemandsAStapleIsWorthNothingWithout) {
  const Credential demanding = testing::make_certificate(
      {.further = {{NID_tlsfeature, "status_request"}, {NID_info_access, "OCSP;URI:http://ocsp.example"}}},
      &intermediate_);
  const auto outcome = [&](RevocationMode mode, const std::string& staple) {
    Verifier verifier(
        *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
        {.verdicts_max = 16, .revocation = mode});
    PresentedChain chain = chain_of({&demanding, &intermediate_});
    chain.set_staple(staple);
    return verifier.verify(chain, "server.example", server_, kTestNow).outcome;
  };
  const std::string good = testing::make_ocsp_response(intermediate_, demanding);
  const std::string others = testing::make_ocsp_response(intermediate_, leaf_);
  EXPECT_EQ(outcome(RevocationMode::kSoft, good), Outcome::kTrusted);
  EXPECT_EQ(outcome(RevocationMode::kSoft, ""), Outcome::kRevocationUnknown);
  EXPECT_EQ(outcome(RevocationMode::kSoft, others), Outcome::kRevocationUnknown);
  EXPECT_EQ(outcome(RevocationMode::kOff, ""), Outcome::kTrusted) << "none is asked for";
  Verifier verifier(
      *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
      {});
  const PresentedChain bare = chain_of({&demanding, &intermediate_});
  EXPECT_EQ(verifier.verify(bare, "server.example", server_, kTestNow).question, "")
      << "and nobody else's word makes up for it";
}

TEST_F(RevocationTest, AServerThatLeavesItsIntermediateOutIsRevokedAllTheSame) {
  for (const bool stapled : {true, false}) {
    const auto known = std::make_shared<Knowledge>();
    known->intermediates.add(openssl::share(intermediate_.certificate.get()));
    if (!stapled) {
      EXPECT_TRUE(known->lists.add(testing::make_revocation_list(intermediate_, {.revoked = {&leaf_}})));
    }
    Verifier verifier(
        *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
        {.verdicts_max = 16});
    verifier.know(known);
    PresentedChain chain = chain_of({&leaf_});
    EXPECT_EQ(verifier.verify(chain, "server.example", server_, kTestNow).outcome,
              stapled ? Outcome::kTrusted : Outcome::kRevoked);
    if (stapled) chain.set_staple(testing::make_ocsp_response(intermediate_, leaf_, {.revoked = true}));
    EXPECT_EQ(verifier.verify(chain, "server.example", server_, kTestNow).outcome, Outcome::kRevoked);
  }
}

TEST_F(RevocationTest, AsksTheIssuerOnlyWhereNothingElseTells) {
  const Credential asking =
      make_certificate({.further = {{NID_info_access, "OCSP;URI:http://ocsp.example"}}}, &intermediate_);
  const auto question = [&](RevocationMode mode, const std::string& staple, bool listed, const char* host) {
    Verifier verifier(
        *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
        {.verdicts_max = 16, .revocation = mode});
    const auto known = std::make_shared<Knowledge>();
    const Credential& listing = listed ? intermediate_ : root_;
    EXPECT_TRUE(known->lists.add(testing::make_revocation_list(listing, {})));
    verifier.know(known);
    PresentedChain chain = chain_of({&asking, &intermediate_});
    chain.set_staple(staple);
    return verifier.verify(chain, host, server_, kTestNow).question;
  };
  const char* host = "server.example";
  EXPECT_TRUE(question(RevocationMode::kSoft, "", false, host).starts_with("http://ocsp.example/"));
  EXPECT_TRUE(question(RevocationMode::kHard, "", false, host).starts_with("http://ocsp.example/"));
  EXPECT_EQ(question(RevocationMode::kOff, "", false, host), "");
  EXPECT_EQ(question(RevocationMode::kSoft, "", true, host), "") << "a list tells";
  const std::string good = testing::make_ocsp_response(intermediate_, asking);
  EXPECT_EQ(question(RevocationMode::kSoft, good, false, host), "") << "the server has told";
  EXPECT_EQ(question(RevocationMode::kSoft, "", false, "other.example"), "")
      << "a server that nobody trusts chooses no address that is asked";
}

TEST_F(RevocationTest, ACachedVerdictIsForWhatWasStapled) {
  PresentedChain chain = chain_of({&leaf_, &intermediate_});
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow).trusted());
  chain.set_staple(testing::make_ocsp_response(intermediate_, leaf_, {.revoked = true, .until = hours(2)}));
  EXPECT_EQ(verifier_.verify(chain, "server.example", server_, kTestNow).outcome, Outcome::kRevoked);
  EXPECT_TRUE(verifier_.verify(chain, "server.example", server_, kTestNow + hours(3)).trusted())
      << "it is out of date then";
}

TEST_F(RevocationTest, ACachedVerdictOutlivesNeitherItsListsNorWhatWasKnown) {
  const auto known = std::make_shared<Knowledge>();
  ASSERT_TRUE(known->lists.add(testing::make_revocation_list(intermediate_, {.until = hours(2)})));
  ASSERT_TRUE(known->lists.add(testing::make_revocation_list(root_, {})));
  known->generation = 1;
  Verifier verifier(
      *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem())),
      {.verdicts_max = 16, .revocation = RevocationMode::kHard});
  verifier.know(known);
  const PresentedChain chain = chain_of({&leaf_, &intermediate_});
  const auto outcome = [&](WallTime when) {
    return verifier.verify(chain, "server.example", server_, when).outcome;
  };
  EXPECT_EQ(outcome(kTestNow), Outcome::kTrusted);
  EXPECT_EQ(outcome(kTestNow + hours(1)), Outcome::kTrusted);
  EXPECT_EQ(verifier.cache_hits(), 1U);
  EXPECT_EQ(outcome(kTestNow + hours(3)), Outcome::kRevocationUnknown);
  const auto news = std::make_shared<Knowledge>();
  ASSERT_TRUE(news->lists.add(testing::make_revocation_list(intermediate_, {.revoked = {&leaf_}})));
  news->generation = 2;
  verifier.know(news);
  EXPECT_EQ(outcome(kTestNow + hours(3)), Outcome::kRevoked);
}

TEST_F(VerifierTest, WithoutATrustStoreNothingIsTrusted) {
  Verifier verifier(nullptr, {.verdicts_max = 16});
  const Credential leaf = make_certificate({}, &intermediate_);
  EXPECT_EQ(verifier.verify(chain_of({&leaf, &intermediate_}), "server.example", server_, kTestNow).outcome,
            Outcome::kOther);
}

}  // namespace
}  // namespace limpid::certificate
