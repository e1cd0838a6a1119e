#include "tls_proxy/certificate/presented_chain.h"

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

TEST(PresentedChain, NoChainIsEmpty) {
  EXPECT_TRUE(PresentedChain::of(static_cast<STACK_OF(X509)*>(nullptr)).empty());
}

}  // namespace
}  // namespace limpid::certificate
