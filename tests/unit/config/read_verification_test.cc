#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using policy::CertificateDefect;
using policy::Treatment;

/// good() with more keys under its tls.
std::string with_keys(std::string_view keys) { return good() + std::string(keys); }

TEST(VerificationSection, SaysWhatBecomesOfEachClassOfDefect) {
  const auto made =
      loaded(with_keys("  verification: { expired: block, weak: decrypt-untrusted, malformed: decrypt, "
                       "self_signed: pass }\n"));
  ASSERT_TRUE(made.ok());
  policy::Treatments wanted = policy::default_treatments();
  wanted[static_cast<std::size_t>(CertificateDefect::kExpired)] = Treatment::kBlock;
  wanted[static_cast<std::size_t>(CertificateDefect::kWeak)] = Treatment::kDecryptUntrusted;
  wanted[static_cast<std::size_t>(CertificateDefect::kMalformed)] = Treatment::kDecrypt;
  wanted[static_cast<std::size_t>(CertificateDefect::kSelfSigned)] = Treatment::kPass;
  EXPECT_EQ(made->tls.verification, wanted);
}

TEST(VerificationSection, ARuleMaySayOtherwise) {
  const auto made =
      loaded(with_keys("policy: { rules: [ { then: decrypt, verification: { self_signed: block } } ] }\n"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->policy.rules.front().verification,
            (std::vector<policy::TreatmentOverride>{{CertificateDefect::kSelfSigned, Treatment::kBlock}}));
}

TEST(VerificationSection, NeverLetsAnInvalidCertificateBeShownAsAValidOne) {
  EXPECT_EQ(
      said(with_keys("  verification: { expired: decrypt }\n")),
      "8:28: tls.verification.expired: an invalid certificate is never shown to the client as a valid one\n"
      "    expected decrypt-untrusted, pass or block\n");
}

TEST(VerificationSection, SaysWhatIsWrong) {
  EXPECT_EQ(said(with_keys("  verification: { expired: blok, intermediates_max: 99 }\n"
                           "  revocation: sofd\n")),
            "8:28: tls.verification.expired: \"blok\" is not a treatment\n"
            "    expected one of: decrypt, pass, decrypt-untrusted, block        did you mean \"block\"?\n"
            "8:53: tls.verification.intermediates_max: 99 is out of range\n"
            "    expected a number of certificates, 0 to 30\n"
            "9:15: tls.revocation: \"sofd\" is not a mode\n"
            "    expected one of: off, soft, hard        did you mean \"soft\"?\n");
}

TEST(VerificationSection, KnowsWhereIntermediatesAndRevocationListsAre) {
  const auto made =
      loaded(with_keys("  verification: { intermediates_max: 3 }\n"
                       "  intermediates: more.pem\n"
                       "  revocation: hard\n"
                       "  revocation_lists: crls\n"
                       "  revocation_fetch: on\n"
                       "  revocation_ask: on\n"
                       "  revocation_wait: 200ms\n"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->tls.intermediates_max, 3U);
  EXPECT_EQ(made->tls.intermediates, "/etc/limpid/more.pem");
  EXPECT_EQ(made->tls.revocation, Revocation::kHard);
  EXPECT_EQ(made->tls.revocation_lists, "/etc/limpid/crls");
  EXPECT_TRUE(made->tls.revocation_fetch);
  EXPECT_TRUE(made->tls.revocation_ask);
  EXPECT_EQ(made->tls.revocation_wait, std::chrono::milliseconds(200));
}

}  // namespace
}  // namespace limpid::config
