#include "tls_proxy/certificate/revocation_lists.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::Credential;
using testing::make_certificate;
using testing::make_revocation_list;

TEST(RevocationLists, FindsThoseOfACertificatesIssuer) {
  const Credential one = make_certificate(ca_spec("One"));
  const Credential other = make_certificate(ca_spec("Other"));
  RevocationLists lists;
  ASSERT_TRUE(lists.add(make_revocation_list(one, {})));
  ASSERT_TRUE(lists.add(make_revocation_list(one, {})));
  ASSERT_TRUE(lists.add(make_revocation_list(other, {})));
  EXPECT_EQ(lists.size(), 3U);
  EXPECT_EQ(lists.of_issuer_of(make_certificate({}, &one).certificate.get()).size(), 2U);
  EXPECT_TRUE(lists.of_issuer_of(make_certificate({}).certificate.get()).empty());
}

TEST(RevocationLists, TakesNoneWithoutAUsableNumber) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  RevocationLists lists;
  EXPECT_FALSE(lists.add(make_revocation_list(issuer, {.numbered = false})));
  EXPECT_FALSE(lists.add(make_revocation_list(issuer, {.number_critical = true})));
  EXPECT_EQ(lists.size(), 0U);
}

TEST(RevocationLists, TakesNoDeltaForAWholeList) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  RevocationLists lists;
  const auto added = lists.add(make_revocation_list(issuer, {.delta = true}));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error(), "the revocation list is a delta of another: the complete one is needed");
}

TEST(RevocationLists, ReadsBothForms) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  const openssl::CrlPtr list = make_revocation_list(issuer, {});
  unsigned char* der = nullptr;
  const int size = i2d_X509_CRL(list.get(), &der);
  const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  EXPECT_NE(read_revocation_list(bytes), nullptr);
  EXPECT_NE(read_revocation_list(testing::revocation_list_pem(list.get())), nullptr);
  EXPECT_EQ(read_revocation_list("neither"), nullptr);
}

}  // namespace
}  // namespace limpid::certificate
