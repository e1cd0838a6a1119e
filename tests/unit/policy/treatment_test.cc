#include "policy/treatment.h"

#include <gtest/gtest.h>

#include <set>

namespace limpid::policy {
namespace {

TEST(Treatment, EveryDefectHasAWordOfItsOwn) {
  const std::set<std::string> words(certificate_defect_words().begin(), certificate_defect_words().end());
  EXPECT_EQ(words.size(), kCertificateDefects);
  EXPECT_EQ(certificate_defect_words().size(), kCertificateDefects);
}

TEST(Treatment, NoDefectIsOverlookedUnlessTheOperatorSaysSo) {
  for (const Treatment treatment : default_treatments()) EXPECT_NE(treatment, Treatment::kDecrypt);
}

TEST(Treatment, WhatNobodyShouldClickAwayIsBlocked) {
  const Treatments usual = default_treatments();
  std::string blocked;
  for (std::size_t i = 0; i < usual.size(); ++i) {
    if (usual[i] == Treatment::kBlock) blocked += certificate_defect_words()[i] + " ";
  }
  EXPECT_EQ(blocked, "wrong_usage weak bad_signature revoked revocation_unknown ");
}

TEST(Treatment, AnInvalidCertificateIsNeverShownAsAValidOne) {
  for (std::size_t i = 0; i < kCertificateDefects; ++i) {
    const auto defect = static_cast<CertificateDefect>(i);
    EXPECT_EQ(may_be_decrypted_as_trusted(defect), defect == CertificateDefect::kMalformed);
  }
}

}  // namespace
}  // namespace limpid::policy
