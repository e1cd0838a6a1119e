#include "tls_proxy/certificate/certificates_by_subject.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::Credential;
using testing::make_certificate;

TEST(CertificatesBySubject, FindsAllThatBearTheIssuersName) {
  const Credential one = make_certificate(ca_spec("Issuing CA"));
  const Credential other = make_certificate(ca_spec("Issuing CA"));
  const Credential stranger = make_certificate(ca_spec("Another CA"));
  CertificatesBySubject known;
  for (const Credential* each : {&one, &other, &stranger}) known.add(openssl::share(each->certificate.get()));
  EXPECT_EQ(known.size(), 3U);
  const Credential leaf = make_certificate({}, &one);
  EXPECT_EQ(known.issuers_of(leaf.certificate.get()),
            (std::vector<X509*>{one.certificate.get(), other.certificate.get()}));
}

TEST(CertificatesBySubject, FindsNothingForAnIssuerThatIsNotThere) {
  const Credential leaf = make_certificate({});
  EXPECT_TRUE(CertificatesBySubject().issuers_of(leaf.certificate.get()).empty());
}

}  // namespace
}  // namespace limpid::certificate
