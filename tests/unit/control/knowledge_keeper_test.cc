#include "control/knowledge_keeper.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/pki.h"

namespace limpid::control {
namespace {

using certificate::Knowledge;
using testing::ca_spec;
using testing::chain_of;
using testing::Credential;
using testing::make_certificate;

class KnowledgeKeeperTest : public ::testing::Test {
 protected:
  KnowledgeKeeperTest() {
    // Certificates are of the year 2030.
    clock_.advance(testing::kTestNow - clock_.wall());
  }
  certificate::ObservedCertificate sighting(const Credential& authority, const std::string& outcome) const {
    const Credential leaf = make_certificate({}, &authority);
    certificate::ObservedCertificate seen;
    seen.chain = chain_of({&leaf, &authority}).der();
    seen.outcome = outcome;
    return seen;
  }
  void run(bool taken = true) {
    keeper_.run([&](const std::shared_ptr<const Knowledge>& knowledge) {
      told_.push_back(knowledge);
      return taken;
    });
  }

  ManualClock clock_;
  Credential root_ = make_certificate(ca_spec("Root"));
  std::string folder_ = testing::make_folder();
  std::vector<std::string> warnings_;
  std::vector<std::shared_ptr<const Knowledge>> told_;
  KnowledgeKeeper keeper_{certificate::KnowledgeBase(*certificate::TrustStore::load(testing::write_file(
                              testing::make_folder(), "root.pem", root_.certificate_pem()))),
                          folder_, clock_, [this](const std::string& line) { warnings_.push_back(line); }};
};

TEST_F(KnowledgeKeeperTest, LearnsFromChainsThatVerifiedAndTellsItNowAndThen) {
  keeper_.at_start();
  keeper_.on_sighting(sighting(make_certificate(ca_spec("Unverified"), &root_), "name_mismatch"));
  run();
  EXPECT_TRUE(told_.empty());
  keeper_.on_sighting(sighting(make_certificate(ca_spec("One"), &root_), "trusted"));
  run();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_.front()->intermediates.size(), 1U);
  keeper_.on_sighting(sighting(make_certificate(ca_spec("Two"), &root_), "trusted"));
  run();
  EXPECT_EQ(told_.size(), 1U) << "not so soon";
  clock_.advance(KnowledgeKeeper::kTellEvery);
  run();
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_.back()->intermediates.size(), 2U);
}

TEST_F(KnowledgeKeeperTest, TellsAgainWhatAWorkerCouldNotBeTold) {
  keeper_.on_sighting(sighting(make_certificate(ca_spec("One"), &root_), "trusted"));
  run(false);
  clock_.advance(KnowledgeKeeper::kTellEvery);
  run();
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[0], told_[1]);
  clock_.advance(KnowledgeKeeper::kTellEvery);
  run();
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(KnowledgeKeeperTest, ReadsTheFolderAtTheStartAndWhenItHasChanged) {
  testing::write_file(folder_, "note", "no list");
  const auto first = keeper_.at_start();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->lists.size(), 0U);
  ASSERT_EQ(warnings_.size(), 1U);
  testing::write_file(folder_, "root.crl",
                      testing::revocation_list_pem(testing::make_revocation_list(root_, {}).get()));
  clock_.advance(KnowledgeKeeper::kLookEvery);
  run();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_.front()->lists.size(), 1U);
}

}  // namespace
}  // namespace limpid::control
