#include "tls_proxy/chain_treatment.h"

#include <gtest/gtest.h>

#include <set>

namespace limpid::tls {
namespace {

using certificate::Outcome;
using certificate::Verdict;
using policy::CertificateDefect;
using policy::Treatment;

Verdict with(std::initializer_list<Outcome> defects) {
  Verdict verdict{*defects.begin(), "", {}};
  for (const Outcome each : defects) verdict.classes.set(static_cast<std::size_t>(each));
  return verdict;
}

ChainTreatment usual_for(std::initializer_list<Outcome> defects) {
  return treatment_of(with(defects), policy::default_treatments(), {});
}

TEST(ChainTreatment, PolicyKnowsEveryOutcomeByItsName) {
  for (std::size_t i = 1; i < certificate::kOutcomes; ++i)
    EXPECT_EQ(name(static_cast<Outcome>(i)), policy::certificate_defect_words()[i - 1]);
}

TEST(ChainTreatment, ATrustedChainIsShownAsSuch) {
  const ChainTreatment treatment =
      treatment_of({Outcome::kTrusted, "", {}}, policy::default_treatments(), {});
  EXPECT_TRUE(treatment.as_trusted());
  EXPECT_FALSE(treatment.blocks());
}

TEST(ChainTreatment, EveryOutcomeThatIsBlockedHasAReasonOfItsOwn) {
  policy::Treatments all;
  all.fill(Treatment::kBlock);
  std::set<Reason> reasons;
  for (std::size_t i = 1; i < certificate::kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    const ChainTreatment treatment = treatment_of(with({outcome}), all, {});
    EXPECT_TRUE(treatment.blocks());
    EXPECT_EQ(limpid::name(treatment.reason), "server_certificate_" + std::string(name(outcome)));
  }
}

TEST(ChainTreatment, AnOutcomeCountsThoughNoClassSaysIt) {
  EXPECT_TRUE(treatment_of({Outcome::kRevoked, "", {}}, policy::default_treatments(), {}).blocks());
}

TEST(ChainTreatment, TheStrictestOfAllDefectsCounts) {
  const ChainTreatment both = usual_for({Outcome::kExpired, Outcome::kWeak});
  EXPECT_TRUE(both.blocks());
  EXPECT_EQ(both.reason, Reason::server_certificate_weak);
  const policy::TreatmentOverride lenient{CertificateDefect::kMalformed, Treatment::kDecrypt};
  const auto usual = policy::default_treatments();
  EXPECT_TRUE(treatment_of(with({Outcome::kMalformed}), usual, {&lenient, 1}).as_trusted());
  EXPECT_FALSE(
      treatment_of(with({Outcome::kMalformed, Outcome::kExpired}), usual, {&lenient, 1}).as_trusted());
}

TEST(ChainTreatment, ARuleGoesBeforeWhatIsUsual) {
  const policy::TreatmentOverride strict{CertificateDefect::kExpired, Treatment::kBlock};
  const policy::TreatmentOverride lenient{CertificateDefect::kWeak, Treatment::kDecryptUntrusted};
  const auto usual = policy::default_treatments();
  EXPECT_EQ(treatment_of(with({Outcome::kExpired}), usual, {&strict, 1}).reason,
            Reason::server_certificate_expired);
  const ChainTreatment weak = treatment_of(with({Outcome::kWeak}), usual, {&lenient, 1});
  EXPECT_FALSE(weak.blocks());
  EXPECT_FALSE(weak.as_trusted());
  EXPECT_EQ(weak.reason, Reason::none);
}

TEST(ChainTreatment, WhatPassesIsStricterThanAsTrustedAndMilderThanTheUntrustedCa) {
  const policy::TreatmentOverride passes{CertificateDefect::kExpired, Treatment::kPass};
  const auto usual = policy::default_treatments();
  const ChainTreatment expired = treatment_of(with({Outcome::kExpired}), usual, {&passes, 1});
  EXPECT_TRUE(expired.passes());
  EXPECT_EQ(expired.reason, Reason::server_certificate_expired);
  const ChainTreatment both =
      treatment_of(with({Outcome::kExpired, Outcome::kSelfSigned}), usual, {&passes, 1});
  EXPECT_FALSE(both.passes() || both.blocks() || both.as_trusted());
}

TEST(ChainTreatment, WhatCannotBePassedAnyMoreIsTreatedAsByDefault) {
  policy::Treatments all;
  all.fill(Treatment::kPass);
  EXPECT_EQ(treatment_unless_passed(with({Outcome::kExpired}), all, {}).treatment,
            Treatment::kDecryptUntrusted);
  EXPECT_EQ(treatment_unless_passed(with({Outcome::kRevoked}), all, {}).reason,
            Reason::server_certificate_revoked);
}

}  // namespace
}  // namespace limpid::tls
