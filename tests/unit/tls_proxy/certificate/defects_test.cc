#include "tls_proxy/certificate/defects.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using std::chrono::hours;
using testing::Credential;
using testing::make_certificate;

TEST(Defects, NoErrorOfTheLibraryIsTakenForTrust) {
  for (int error = -100; error < 200; ++error) {
    if (error == X509_V_OK) continue;
    EXPECT_NE(classify(error), Outcome::kTrusted) << error;
    Defects defects;
    defects.add(error, 0, nullptr);
    EXPECT_NE(defects.outcome(), Outcome::kTrusted) << error;
    EXPECT_FALSE(defects.detail().empty()) << error;
  }
}

TEST(Defects, NothingFoundIsTrusted) {
  EXPECT_TRUE(Defects().none());
  EXPECT_EQ(Defects().outcome(), Outcome::kTrusted);
}

TEST(Defects, TheGravestNamesTheChainInWhateverOrderTheyCome) {
  Defects one;
  one.add(X509_V_ERR_CERT_HAS_EXPIRED, 0, nullptr);
  one.add(X509_V_ERR_CERT_SIGNATURE_FAILURE, 1, nullptr);
  Defects other;
  other.add(X509_V_ERR_CERT_SIGNATURE_FAILURE, 1, nullptr);
  other.add(X509_V_ERR_CERT_HAS_EXPIRED, 0, nullptr);
  EXPECT_EQ(one.outcome(), Outcome::kBadSignature);
  EXPECT_EQ(other.outcome(), Outcome::kBadSignature);
}

TEST(Defects, EachClassIsSaidOnceWithItsPlaceInTheChain) {
  Defects defects;
  defects.add(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1, nullptr);
  defects.add(X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, 0, nullptr);
  EXPECT_EQ(defects.detail(), "unable to get local issuer certificate, certificate 2 of the chain");
}

TEST(Defects, SaysTheDateThatHasPassedOrNotCome) {
  const Credential leaf = make_certificate({.from = hours(1), .until = hours(24)});
  Defects expired;
  expired.add(X509_V_ERR_CERT_HAS_EXPIRED, 0, leaf.certificate.get());
  EXPECT_EQ(expired.detail(), "certificate has expired (2030-01-02 00:00:00 UTC)");
  Defects early;
  early.add(X509_V_ERR_CERT_NOT_YET_VALID, 0, leaf.certificate.get());
  EXPECT_EQ(early.detail(), "certificate is not yet valid (2030-01-01 01:00:00 UTC)");
}

TEST(Defects, SaysWhatTheCertificateIsForWhereTheNameDiffers) {
  const auto detail = [](const std::string& names) {
    const Credential leaf = make_certificate({.names = names});
    Defects defects;
    defects.add(X509_V_ERR_HOSTNAME_MISMATCH, 0, leaf.certificate.get());
    return defects.detail();
  };
  EXPECT_EQ(detail("DNS:a.example,IP:192.0.2.1"), "hostname mismatch (it is for a.example, 192.0.2.1)");
  EXPECT_EQ(detail("DNS:a,DNS:b,DNS:c,DNS:d,DNS:e"), "hostname mismatch (it is for a, b, c and 2 more)");
  EXPECT_EQ(detail(""), "hostname mismatch (it names no host)");
}

TEST(Defects, NamesOfTheServersChoosingCannotBreakALine) {
  const Credential leaf = make_certificate({.names = "DNS:evil\n2030-01-01 all is well\x1b[2J"});
  Defects defects;
  defects.add(X509_V_ERR_HOSTNAME_MISMATCH, 0, leaf.certificate.get());
  EXPECT_EQ(defects.detail().find_first_of("\n\x1b"), std::string::npos) << defects.detail();
}

TEST(Defects, AnImpossibleNameIsAMismatch) {
  Defects defects;
  defects.add_impossible_name();
  EXPECT_EQ(defects.outcome(), Outcome::kNameMismatch);
}

}  // namespace
}  // namespace limpid::certificate
