#include "tls_proxy/certificate/path_search.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::chain_of;
using testing::Credential;
using testing::make_certificate;

std::shared_ptr<const TrustStore> trusting(const std::vector<const Credential*>& roots) {
  std::string pem;
  for (const Credential* root : roots) pem += root->certificate_pem();
  return *TrustStore::load(testing::write_file(testing::make_folder(), "roots.pem", pem));
}

/// Another certificate for the same CA, issued by somebody else.
Credential cross_signed(const Credential& authority, const Credential& issuer) {
  const openssl::X509Ptr made = make_certificate(ca_spec("Crossed"), &issuer).certificate;
  Credential crossed{openssl::share(made.get()), openssl::share(authority.key.get())};
  X509_set_pubkey(crossed.certificate.get(), authority.key.get());
  X509_sign(crossed.certificate.get(), issuer.key.get(), EVP_sha256());
  return crossed;
}

class PathSearchTest : public ::testing::Test {
 protected:
  Credential root_ = make_certificate(ca_spec("Root"));
  Credential intermediate_ = make_certificate(ca_spec("Intermediate"), &root_);
  Credential leaf_ = make_certificate({}, &intermediate_);
};

TEST_F(PathSearchTest, FindsTheWayThroughWhatTheServerSent) {
  const auto trust = trusting({&root_});
  const auto paths = candidate_paths(chain_of({&leaf_, &intermediate_}), nullptr, *trust, 10);
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_EQ(paths.front().intermediates, std::vector<X509*>{intermediate_.certificate.get()});
  EXPECT_EQ(X509_cmp(paths.front().root, root_.certificate.get()), 0);
}

TEST_F(PathSearchTest, FindsTheWayThroughWhatIsKnown) {
  CertificatesBySubject known;
  known.add(openssl::share(intermediate_.certificate.get()));
  EXPECT_EQ(candidate_paths(chain_of({&leaf_}), &known, *trusting({&root_}), 10).size(), 1U);
  EXPECT_TRUE(candidate_paths(chain_of({&leaf_}), nullptr, *trusting({&root_}), 10).empty());
}

TEST_F(PathSearchTest, FindsEveryWayOfAnIntermediateThatWasIssuedTwice) {
  const Credential other_root = make_certificate(ca_spec("Other Root"));
  const Credential crossed = make_certificate(ca_spec("Crossed"), &root_);
  const Credential again = cross_signed(crossed, other_root);
  testing::CertificateSpec spec;
  spec.authority_key = false;  // both certificates have their own identifier of the one key
  const Credential leaf = make_certificate(spec, &crossed);
  const auto paths =
      candidate_paths(chain_of({&leaf, &crossed, &again}), nullptr, *trusting({&root_, &other_root}), 10);
  ASSERT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths[0].intermediates.front(), crossed.certificate.get());
  EXPECT_EQ(paths[1].intermediates.front(), again.certificate.get());
}

TEST_F(PathSearchTest, GoesNoFartherThanItMay) {
  EXPECT_TRUE(candidate_paths(chain_of({&leaf_, &intermediate_}), nullptr, *trusting({&root_}), 0).empty());
}

TEST_F(PathSearchTest, GivesUpOnAServerThatSendsAMaze) {
  std::vector<Credential> maze;
  for (int i = 0; i < 40; ++i) {
    testing::CertificateSpec spec = ca_spec("Maze");
    spec.authority_key = false;
    maze.push_back(make_certificate(spec, maze.empty() ? nullptr : &maze.back()));
  }
  testing::CertificateSpec spec;
  spec.authority_key = false;
  const Credential leaf = make_certificate(spec, &maze.back());
  std::vector<const Credential*> sent{&leaf};
  for (const Credential& each : maze) sent.push_back(&each);
  EXPECT_LE(candidate_paths(chain_of(sent), nullptr, *trusting({&maze.front()}), 10).size(), kPathsMax);
}

}  // namespace
}  // namespace limpid::certificate
