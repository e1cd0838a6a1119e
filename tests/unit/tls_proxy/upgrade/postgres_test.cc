#include "tls_proxy/upgrade/postgres.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

const std::string kSsl("\0\0\0\x08\x04\xd2\x16\x2f", 8);
const std::string kGss("\0\0\0\x08\x04\xd2\x16\x30", 8);
const std::string kStartup("\0\0\0\x0d\0\3\0\0user\0", 13);

Talk postgres() { return Talk(UpgradeProtocol::kPostgres); }

TEST(Postgres, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(postgres().client(kSsl).server("S").client(kHello).outcome(), "upgraded");
}

TEST(Postgres, AsksOnceMoreAfterARefusal) {
  EXPECT_EQ(postgres().client(kGss).server("N").client(kSsl).server("S").outcome(), "upgraded");
  EXPECT_EQ(postgres().client(kSsl).server("N").outcome(), "more");
}

TEST(Postgres, StaysPlainWithAStartupAnErrorOrGssapi) {
  EXPECT_EQ(postgres().client(kSsl).server("N").client(kStartup).outcome(), "never: upgrade_not_made");
  EXPECT_EQ(postgres().client(kStartup).outcome(), "never: upgrade_not_made");
  EXPECT_EQ(postgres().client(kSsl).server("E").outcome(), "never: upgrade_not_made");
  EXPECT_EQ(postgres().client(kGss).server("G").outcome(), "never: upgrade_not_made");
}

TEST(Postgres, RefusesInjection) {
  EXPECT_EQ(postgres().client(kSsl + kStartup).outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(postgres().client(kSsl).server("SE").outcome(), "violation: upgrade_reply_followed");
}

TEST(Postgres, GivesUpAServerThatSpeaksFirst) {
  EXPECT_EQ(postgres().server("220 hello\r\n").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(postgres().client(kSsl).server("NN").outcome(), "never: upgrade_malformed");
}

}  // namespace
}  // namespace limpid::tls
