#include "tls_proxy/certificate_facts.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::tls {
namespace {

using certificate::Outcome;
using certificate::Verdict;

Verdict verdict(Outcome gravest, std::initializer_list<Outcome> all = {}) {
  Verdict made;
  made.outcome = gravest;
  for (const Outcome each : all) made.classes.set(static_cast<std::size_t>(each));
  return made;
}

TEST(CertificateFactsOfAChain, TellWhatTheServersOwnCertificateSays) {
  testing::CertificateSpec spec;
  spec.common_name = "Shop";
  spec.organisation = "Shop AG";
  spec.names =
      "DNS:WWW.shop.example,DNS:*.shop.example,IP:192.0.2.1,email:a@shop.example,URI:https://shop.example";
  const auto root = testing::make_certificate(testing::ca_spec("Root"));
  const auto leaf = testing::make_certificate(spec, &root);
  const policy::CertificateFacts facts =
      facts_of(testing::chain_of({&leaf, &root}), verdict(Outcome::kTrusted));
  EXPECT_EQ(facts.names, (std::vector<std::string>{"www.shop.example", "*.shop.example", "192.0.2.1"}));
  EXPECT_NE(facts.subject.find("o=shop ag"), std::string::npos) << facts.subject;
  EXPECT_NE(facts.issuer.find("cn=root"), std::string::npos) << facts.issuer;
  EXPECT_EQ(facts.key, "ec");
  EXPECT_EQ(facts.key_bits, 256U);
  EXPECT_EQ(facts.not_after_s - facts.not_before_s, 90 * 86'400);
  ASSERT_EQ(facts.fingerprints.size(), 2U);
  EXPECT_EQ(facts.fingerprints[0], certificate::hex(certificate::fingerprint_of(leaf.certificate.get())));
  EXPECT_EQ(facts.fingerprints[1], certificate::hex(certificate::fingerprint_of(root.certificate.get())));
  EXPECT_EQ(facts.outcomes, std::vector<std::string>{"trusted"});
  EXPECT_TRUE(facts.believed);
}

TEST(CertificateFactsOfAChain, TakeTheCommonNameWhereThereAreNoOthers) {
  testing::CertificateSpec spec;
  spec.common_name = "Old.example";
  spec.names = "";
  const auto leaf = testing::make_certificate(spec);
  EXPECT_EQ(facts_of(testing::chain_of({&leaf}), verdict(Outcome::kSelfSigned)).names,
            std::vector<std::string>{"old.example"});
}

TEST(CertificateFactsOfAChain, NameEveryDefectAndBelieveNothing) {
  const auto leaf = testing::make_certificate({});
  const policy::CertificateFacts facts = facts_of(
      testing::chain_of({&leaf}), verdict(Outcome::kSelfSigned, {Outcome::kExpired, Outcome::kSelfSigned}));
  EXPECT_EQ(facts.outcomes, (std::vector<std::string>{"expired", "self_signed"}));
  EXPECT_FALSE(facts.believed);
}

}  // namespace
}  // namespace limpid::tls
