#include "policy/upgrade_protocol.h"

#include <gtest/gtest.h>

#include <set>

namespace limpid::policy {
namespace {

TEST(UpgradeProtocol, HasANameOfItsOwnForEachProtocol) {
  const auto& names = upgrade_protocol_names();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(name(UpgradeProtocol::kSmtp), "smtp");
  EXPECT_EQ(name(UpgradeProtocol::kPostgres), "postgresql");
  EXPECT_EQ(name(UpgradeProtocol::kRdp), names.back());
}

TEST(UpgradeProtocol, FollowsFromTheUsualPorts) {
  EXPECT_EQ(usual_protocol(25), UpgradeProtocol::kSmtp);
  EXPECT_EQ(usual_protocol(143), UpgradeProtocol::kImap);
  EXPECT_EQ(usual_protocol(5432), UpgradeProtocol::kPostgres);
  EXPECT_EQ(usual_protocol(443), std::nullopt);
}

}  // namespace
}  // namespace limpid::policy
