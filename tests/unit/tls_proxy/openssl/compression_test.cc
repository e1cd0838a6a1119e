// Chains that are compressed once. That clients can read them is shown by inbound_test, that servers may send
// them so by hello_fidelity_test.
#include "tls_proxy/openssl/compression.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "tests/support/pki.h"

namespace limpid::testing {
namespace {

TEST(Compression, IsThereInEveryKindThatBrowsersKnow) {
  std::vector<std::string> names;
  for (const int algorithm : openssl::certificate_compressions())
    names.push_back(openssl::compression_name(algorithm));
  EXPECT_EQ(names, (std::vector<std::string>{"zlib", "brotli", "zstd"}));
  EXPECT_EQ(openssl::compression_name(4), "");
}

TEST(Compression, MakesAChainSmallerByEveryAlgorithmThatItIsKeptFor) {
  const Credential root = make_certificate(ca_spec("Root"));
  std::vector<openssl::X509Ptr> chain;
  chain.push_back(std::move(make_certificate(ca_spec("Intermediate"), &root).certificate));
  const Credential leaf =
      make_certificate({.names = "DNS:a.shop.example,DNS:b.shop.example,DNS:c.shop.example"});
  const auto made = openssl::compress_chain(leaf.certificate.get(), chain);
  ASSERT_FALSE(made.empty());
  for (const openssl::CompressedChain& each : made) {
    EXPECT_FALSE(openssl::compression_name(each.algorithm).empty());
    EXPECT_LE(each.bytes.size() * 8, each.size * 7);
    EXPECT_GT(each.size, static_cast<std::size_t>(i2d_X509(leaf.certificate.get(), nullptr)) +
                             static_cast<std::size_t>(i2d_X509(chain[0].get(), nullptr)));
  }
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(Compression, LeavesWhatItCannotMakeSmaller) {
  for (const auto& each : openssl::compress_chain(make_certificate({}).certificate.get(), {}))
    EXPECT_LE(each.bytes.size() * 8, each.size * 7);
}

}  // namespace
}  // namespace limpid::testing
