#include "tls_proxy/certificate/knowledge_base.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::chain_of;
using testing::Credential;
using testing::kTestNow;
using testing::make_certificate;

class KnowledgeBaseTest : public ::testing::Test {
 protected:
  Credential root_ = make_certificate(ca_spec("Root"));
  std::shared_ptr<const TrustStore> trust_ =
      *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem()));
  KnowledgeBase base_{trust_, 2};
};

TEST_F(KnowledgeBaseTest, LearnsTheIntermediatesOfAChain) {
  const Credential intermediate = make_certificate(ca_spec("Intermediate"), &root_);
  const Credential leaf = make_certificate({}, &intermediate);
  base_.learn(chain_of({&leaf, &intermediate, &root_}).der(), kTestNow);
  EXPECT_EQ(base_.learnt(), 1U) << "neither the server's certificate nor the root";
  const auto knowledge = base_.take_changes();
  ASSERT_NE(knowledge, nullptr);
  EXPECT_EQ(knowledge->intermediates.issuers_of(leaf.certificate.get()).size(), 1U);
}

TEST_F(KnowledgeBaseTest, LearnsNothingThatLeadsNowhere) {
  const Credential stranger = make_certificate(ca_spec("Stranger"));
  const Credential of_stranger = make_certificate(ca_spec("Of Stranger"), &stranger);
  const Credential leaf = make_certificate({}, &root_);
  base_.learn(chain_of({&leaf, &of_stranger, &stranger}).der(), kTestNow);
  base_.learn({"nonsense", "more of it"}, kTestNow);
  EXPECT_EQ(base_.learnt(), 0U);
  EXPECT_EQ(base_.take_changes(), nullptr);
}

TEST_F(KnowledgeBaseTest, ForgetsTheOldestOfTooMany) {
  std::vector<Credential> all;
  for (const char* name : {"One", "Two", "Three"}) {
    all.push_back(make_certificate(ca_spec(name), &root_));
    const Credential leaf = make_certificate({}, &all.back());
    base_.learn(chain_of({&leaf, &all.back()}).der(), kTestNow);
  }
  EXPECT_EQ(base_.learnt(), 2U);
  const auto knowledge = base_.take_changes();
  const auto knows = [&](const Credential& issuer) {
    return !knowledge->intermediates.issuers_of(make_certificate({}, &issuer).certificate.get()).empty();
  };
  EXPECT_FALSE(knows(all[0]));
  EXPECT_TRUE(knows(all[1]));
  EXPECT_TRUE(knows(all[2]));
}

TEST_F(KnowledgeBaseTest, ASnapshotComesWithEachChangeAndOnlyThen) {
  const Credential intermediate = make_certificate(ca_spec("Intermediate"), &root_);
  const Credential leaf = make_certificate({}, &intermediate);
  std::vector<openssl::X509Ptr> preloaded;
  preloaded.push_back(openssl::share(intermediate.certificate.get()));
  base_.preload(std::move(preloaded));
  const auto first = base_.take_changes();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(base_.take_changes(), nullptr);
  base_.learn(chain_of({&leaf, &intermediate}).der(), kTestNow);
  EXPECT_EQ(base_.take_changes(), nullptr) << "it was known";
  std::vector<openssl::CrlPtr> lists;
  lists.push_back(testing::make_revocation_list(root_, {}));
  base_.use_lists("folder", std::move(lists));
  const auto second = base_.take_changes();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->lists.size(), 1U);
  EXPECT_EQ(second->intermediates.size(), 1U);
  EXPECT_NE(second->generation, first->generation);
}

}  // namespace
}  // namespace limpid::certificate
