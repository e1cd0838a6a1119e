#include "tls_proxy/certificate/stapled_response.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using std::chrono::hours;
using testing::ca_spec;
using testing::Credential;
using testing::kTestNow;
using testing::make_certificate;
using testing::make_ocsp_response;
using testing::OcspSpec;

class StapledResponseTest : public ::testing::Test {
 protected:
  std::optional<StapledStatus> status(const std::string& response, WallTime now = kTestNow) const {
    return stapled_status(response, leaf_.certificate.get(), issuer_.certificate.get(), now);
  }
  std::optional<StapledStatus> status(const OcspSpec& spec) const {
    return status(make_ocsp_response(issuer_, leaf_, spec));
  }

  Credential issuer_ = make_certificate(ca_spec("Issuer"));
  Credential leaf_ = make_certificate({}, &issuer_);
};

TEST_F(StapledResponseTest, SaysWhetherACertificateIsRevokedAndUntilWhen) {
  const auto good = status(OcspSpec{.until = hours(24)});
  ASSERT_TRUE(good);
  EXPECT_FALSE(good->revoked);
  EXPECT_EQ(good->until, kTestNow + hours(24) + std::chrono::seconds(1));
  const auto revoked = status(OcspSpec{.revoked = true});
  ASSERT_TRUE(revoked);
  EXPECT_TRUE(revoked->revoked);
}

TEST_F(StapledResponseTest, SaysNothingBeforeOrAfterItsTime) {
  EXPECT_FALSE(status(OcspSpec{.from = hours(1)}));
  EXPECT_FALSE(status(OcspSpec{.from = -hours(48), .until = -hours(24)}));
}

TEST_F(StapledResponseTest, IsAboutItsCertificateAlone) {
  const Credential other = make_certificate({}, &issuer_);
  EXPECT_FALSE(status(make_ocsp_response(issuer_, other)));
}

TEST_F(StapledResponseTest, IsSignedByTheIssuerOrByWhomItHasAppointed) {
  const Credential appointed = make_certificate(
      {.common_name = "Responder", .names = "", .extended_key_usage = "OCSPSigning"}, &issuer_);
  EXPECT_TRUE(status(OcspSpec{.responder = &appointed}));
  const Credential not_appointed = make_certificate({.common_name = "Server"}, &issuer_);
  EXPECT_FALSE(status(OcspSpec{.responder = &not_appointed}));
  const Credential stranger = make_certificate(ca_spec("Issuer"));
  EXPECT_FALSE(status(OcspSpec{.responder = &stranger}));
}

TEST_F(StapledResponseTest, IsInTimeWhoeverHasSignedIt) {
  const std::string response = make_ocsp_response(issuer_, leaf_, {.until = std::chrono::hours(1)});
  EXPECT_EQ(in_time_until(response, kTestNow), kTestNow + std::chrono::hours(1) + std::chrono::seconds(1));
  EXPECT_FALSE(in_time_until(response, kTestNow + std::chrono::hours(2)));
  EXPECT_FALSE(in_time_until(response.substr(0, 40), kTestNow));
  EXPECT_FALSE(in_time_until("", kTestNow));
}

TEST_F(StapledResponseTest, WhatCannotBeReadSaysNothing) {
  EXPECT_FALSE(status(std::string("nonsense")));
  const std::string whole = make_ocsp_response(issuer_, leaf_);
  for (std::size_t size = 0; size < whole.size(); size += 7)
    EXPECT_FALSE(status(whole.substr(0, size))) << size;
}

}  // namespace
}  // namespace limpid::certificate
