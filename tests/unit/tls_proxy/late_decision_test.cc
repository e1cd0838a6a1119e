#include "tls_proxy/late_decision.h"

#include <gtest/gtest.h>

namespace limpid::tls {
namespace {

using certificate::Outcome;
using policy::Action;
using policy::ClientCertificate;
using policy::Treatment;

const certificate::Verdict kGood{Outcome::kTrusted, "", {}};
const certificate::Verdict kExpired{Outcome::kExpired, "", {}};

LatePolicy with_expired(Treatment treatment) {
  LatePolicy policy;
  policy.treatments[static_cast<std::size_t>(policy::CertificateDefect::kExpired)] = treatment;
  return policy;
}

TEST(LateDecision, AGoodChainOfAServerThatAsksForNothingIsDecryptedAsTrusted) {
  const LateDecision made = decide_late({.verdict = &kGood}, {});
  EXPECT_EQ(made.action, Action::kDecrypt);
  EXPECT_EQ(made.reason, Reason::none);
  EXPECT_TRUE(made.as_trusted);
}

TEST(LateDecision, ADefectIsTreatedAsPolicySays) {
  EXPECT_FALSE(decide_late({.verdict = &kExpired}, {}).as_trusted);
  const LateDecision passed = decide_late({.verdict = &kExpired}, with_expired(Treatment::kPass));
  EXPECT_EQ(passed.action, Action::kPass);
  EXPECT_EQ(passed.reason, Reason::server_certificate_expired);
  EXPECT_EQ(decide_late({.verdict = &kExpired}, with_expired(Treatment::kBlock)).action, Action::kBlock);
}

TEST(LateDecision, ADefectThatShouldPassIsTreatedAsByDefaultWhereItIsTooLate) {
  LatePolicy policy = with_expired(Treatment::kPass);
  policy.may_pass = false;
  const LateDecision made = decide_late({.verdict = &kExpired}, policy);
  EXPECT_EQ(made.action, Action::kDecrypt);
  EXPECT_FALSE(made.as_trusted);
}

TEST(LateDecision, ARequestForACertificateIsWhatItsOwnKeySays) {
  const LateFacts asked{.verdict = &kGood, .asked_for_certificate = true};
  EXPECT_EQ(decide_late(asked, {}).action, Action::kDecrypt);
  EXPECT_EQ(decide_late(asked, {.client_certificate = ClientCertificate::kPass}).action, Action::kPass);
  EXPECT_EQ(decide_late(asked, {.client_certificate = ClientCertificate::kBlock}).action, Action::kBlock);
  EXPECT_EQ(decide_late(asked, {.client_certificate = ClientCertificate::kPass, .may_pass = false}).action,
            Action::kDecrypt);
}

TEST(LateDecision, AServerThatInsistsOnACertificateIsPassedUnlessThatIsBlocked) {
  const LateFacts insists{.insists_on_certificate = true};
  for (const ClientCertificate each : {ClientCertificate::kPass, ClientCertificate::kContinue})
    EXPECT_EQ(decide_late(insists, {.client_certificate = each}).action, Action::kPass);
  EXPECT_EQ(decide_late(insists, {.client_certificate = ClientCertificate::kBlock}).action, Action::kBlock);
  EXPECT_EQ(decide_late(insists, {.may_pass = false}).action, Action::kBlock);
}

TEST(LateDecision, WhatBlocksTheChainIsNotPassedForARequest) {
  const LateFacts both{.verdict = &kExpired, .asked_for_certificate = true};
  LatePolicy policy = with_expired(Treatment::kBlock);
  policy.client_certificate = ClientCertificate::kPass;
  EXPECT_EQ(decide_late(both, policy).reason, Reason::server_certificate_expired);
  EXPECT_EQ(decide_late(both, policy).action, Action::kBlock);
}

TEST(LateDecision, AServerBelowTheMinimumIsPassedOnlyWherePolicySaysSo) {
  const LateFacts old{.below_minimum = true};
  EXPECT_EQ(decide_late(old, {}).action, Action::kBlock);
  EXPECT_EQ(decide_late(old, {.below_minimum = policy::BelowMinimum::kPass}).action, Action::kPass);
  EXPECT_EQ(decide_late(old, {.below_minimum = policy::BelowMinimum::kPass, .may_pass = false}).action,
            Action::kBlock);
}

}  // namespace
}  // namespace limpid::tls
