#include "tls_proxy/certificate/presented_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::chain_of;
using testing::Credential;
using testing::make_certificate;

TEST(PresentedChain, TwoChainsWithOneLeafHaveOneLeafFingerprintAndTwoChainFingerprints) {
  const Credential root = make_certificate(testing::ca_spec("Root"));
  const Credential leaf = make_certificate({}, &root);
  const PresentedChain alone = chain_of({&leaf});
  const PresentedChain with_root = chain_of({&leaf, &root});
  EXPECT_EQ(alone.leaf_fingerprint(), with_root.leaf_fingerprint());
  EXPECT_NE(alone.chain_fingerprint(), with_root.chain_fingerprint());
  EXPECT_EQ(hex(alone.leaf_fingerprint()).size(), 64U);
}

TEST(PresentedChain, KeepsTheCertificatesAsTheyCame) {
  const Credential root = make_certificate(testing::ca_spec("Root"));
  const Credential leaf = make_certificate({}, &root);
  const std::vector<std::string> der = chain_of({&leaf, &root}).der();
  ASSERT_EQ(der.size(), 2U);
  const auto* bytes = reinterpret_cast<const unsigned char*>(der[0].data());
  const openssl::X509Ptr read(d2i_X509(nullptr, &bytes, static_cast<long>(der[0].size())));
  EXPECT_EQ(X509_cmp(read.get(), leaf.certificate.get()), 0);
}

TEST(PresentedChain, NoChainIsEmptyAndNamesNobody) {
  const PresentedChain none = PresentedChain::of(static_cast<STACK_OF(X509)*>(nullptr));
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.names(), nullptr);
}

TEST(PresentedChain, NamesWhomTheLeafNames) {
  const Credential root = make_certificate(testing::ca_spec("Root"));
  testing::CertificateSpec spec;
  spec.organisation = "Shop";
  spec.names = "DNS:server.example,IP:192.0.2.7,DNS:*.shop.example";
  const Credential leaf = make_certificate(spec, &root);
  const PresentedChain chain = chain_of({&leaf, &root});
  EXPECT_THAT(chain.names()->subject, ::testing::HasSubstr("CN=server.example"));
  EXPECT_THAT(chain.names()->subject, ::testing::HasSubstr("O=Shop"));
  EXPECT_THAT(chain.names()->names, ::testing::ElementsAre("server.example", "*.shop.example"));
}

TEST(PresentedChain, NamesOnlySoManyAndOnlyWhatIsFitToBeShown) {
  testing::CertificateSpec spec;
  spec.common_name = "a\x1b[2J\nb\xc3\xa4";
  spec.organisation = std::string(64, 'o');
  spec.names = "DNS:" + std::string(200, 'x');
  for (std::size_t i = 0; i < SubjectNames::kNamesMax; ++i) spec.names += ",DNS:\x1b" + std::to_string(i);
  const Credential leaf = make_certificate(spec);
  const SubjectNames found = subject_names(leaf.certificate.get());
  ASSERT_EQ(found.names.size(), SubjectNames::kNamesMax);
  EXPECT_EQ(found.names[0], std::string(SubjectNames::kBytesMax, 'x') + "...");
  EXPECT_EQ(found.names[1], "?0");
  for (const char c : found.subject) EXPECT_TRUE(c >= ' ' && c <= '~') << found.subject;
  EXPECT_LE(found.subject.size(), SubjectNames::kBytesMax + 3);
}

TEST(PresentedChain, NamesNobodyWhereTheLeafDoesNot) {
  testing::CertificateSpec spec;
  spec.common_name.clear();
  spec.names.clear();
  const SubjectNames found = subject_names(make_certificate(spec).certificate.get());
  EXPECT_EQ(found.subject, "");
  EXPECT_TRUE(found.names.empty());
}

}  // namespace
}  // namespace limpid::certificate
