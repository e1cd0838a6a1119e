#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using ::testing::HasSubstr;

std::string with(std::string_view key_log) { return good() + "  key_log: " + std::string(key_log) + "\n"; }

TEST(KeyLogSection, IsNotThereUnlessItIsAskedFor) { EXPECT_EQ(loaded(good())->tls.key_log, KeyLog{}); }

TEST(KeyLogSection, SaysWhereAndOfWhichHosts) {
  const auto made = loaded(with("{ file: keys.log, hosts: [\"*.Shop.example\", bank.example] }"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->tls.key_log.file, "/etc/limpid/keys.log");
  EXPECT_EQ(made->tls.key_log.hosts, (std::vector<std::string>{"*.shop.example", "bank.example"}));
}

TEST(KeyLogSection, TakesNothingElse) {
  EXPECT_THAT(said(with("{ hosts: [a.example] }")), HasSubstr("tls.key_log: \"file\" is missing"));
  EXPECT_NE(said(with("{ file: keys.log, hosts: [\"a b\"] }")), "");
  EXPECT_NE(said(with("{ file: keys.log, host: a.example }")), "");
  EXPECT_NE(said(with("keys.log")), "");
}

}  // namespace
}  // namespace limpid::config
