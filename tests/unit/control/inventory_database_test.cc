#include "control/inventory_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/inventory.h"
#include "control/sqlite.h"
#include "tests/unit/control/folder.h"
#include "tests/unit/control/sightings.h"
#include "tls_proxy/certificate/description.h"

namespace limpid::control {
namespace {

using ::limpid::testing::kTestNow;
using ::testing::HasSubstr;

Sighting sighting(certificate::ObservedCertificate observed, std::uint64_t count = 1) {
  const WallTime first = observed.seen;
  return {std::move(observed), first, count};
}

class InventoryDatabaseTest : public ::testing::Test {
 protected:
  void write(std::list<Sighting> sightings) {
    auto database = InventoryDatabase::open(path_);
    ASSERT_TRUE(database.ok()) << database.error();
    const auto error = (*database)->write(sightings);
    ASSERT_FALSE(error) << *error;
  }
  std::vector<CertificateRow> read(const CertificateQuery& query = {}) {
    auto rows = read_certificates(path_, query, kTestNow);
    EXPECT_TRUE(rows.ok()) << rows.error();
    return rows ? *rows : std::vector<CertificateRow>{};
  }
  void run(const char* sql) { Sqlite(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).run(sql); }

  Folder folder_;
  std::string path_ = folder_.file("inventory.db");
};

TEST_F(InventoryDatabaseTest, KeepsEverythingThatIsKnownOfACertificate) {
  write({sighting(seen(chain_for("shop.example"), "www.shop.example", 60))});
  const std::vector<CertificateRow> rows = read();
  ASSERT_EQ(rows.size(), 1U);
  const CertificateRow& row = rows[0];
  EXPECT_EQ(row.sha256.size(), 64U);
  EXPECT_EQ(row.subject, "CN=shop.example");
  EXPECT_EQ(row.issuer, "CN=Test CA");
  EXPECT_EQ(row.names, (std::vector<std::string>{"shop.example", "192.0.2.7"}));
  EXPECT_FALSE(row.serial.empty());
  EXPECT_EQ(row.not_after_s, test_now_s() + 90 * kDay_s);
  EXPECT_LT(row.not_before_s, test_now_s());
  EXPECT_EQ(row.key_kind, "EC");
  EXPECT_EQ(row.key_bits, 256U);
  EXPECT_EQ(row.signature_algorithm, "ecdsa-with-SHA256");
  EXPECT_FALSE(row.self_signed);
  EXPECT_EQ(row.server_ip, "192.0.2.7");
  EXPECT_EQ(row.server_port, 443);
  EXPECT_EQ(row.sni, "www.shop.example");
  EXPECT_TRUE(row.intercepted);
  EXPECT_EQ(row.outcome, "trusted");
  EXPECT_EQ(row.first_seen_s, test_now_s() + 60);
  EXPECT_EQ(row.count, 1U);
  ASSERT_EQ(row.chain.size(), 2U);
  EXPECT_EQ(row.chain[0], row.sha256);
}

TEST_F(InventoryDatabaseTest, ARestartContinuesFirstSeenAndCount) {
  const std::vector<std::string> chain = chain_for("shop.example");
  write({sighting(seen(chain, "shop.example", 100), 2)});
  write({sighting(seen(chain, "shop.example", 500), 3)});
  const std::vector<CertificateRow> rows = read();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].first_seen_s, test_now_s() + 100);
  EXPECT_EQ(rows[0].last_seen_s, test_now_s() + 500);
  EXPECT_EQ(rows[0].count, 5U);
}

TEST_F(InventoryDatabaseTest, OneCertificateAtTwoPlacesIsOneCertificateAndTwoSightings) {
  const std::vector<std::string> chain = chain_for("shop.example");
  certificate::ObservedCertificate elsewhere = seen(chain, "shop.example");
  elsewhere.facts.server = *SocketAddress::parse("[2001:db8::7]:8443");
  write({sighting(seen(chain, "shop.example")), sighting(elsewhere)});
  EXPECT_EQ(read().size(), 2U);
  EXPECT_EQ(Sqlite(path_, SQLITE_OPEN_READONLY).number("SELECT count(*) FROM certificates"),
            2);  // and the CA
}

TEST_F(InventoryDatabaseTest, FindsByNameSubjectAndAddress) {
  write({sighting(seen(chain_for("shop.example"), "")), sighting(seen(chain_for("bank.example"), "login"))});
  EXPECT_EQ(read({.host = "SHOP"}).size(), 1U);
  EXPECT_EQ(read({.host = "login"}).size(), 1U);
  EXPECT_EQ(read({.host = "192.0.2.7"}).size(), 2U);
  EXPECT_EQ(read({.host = "%"}).size(), 0U);
  EXPECT_EQ(read({.host = "' OR 1=1 --"}).size(), 0U);
}

TEST_F(InventoryDatabaseTest, ExpiringOnesComeInTheOrderOfTheirEndAndHoldTheExpired) {
  write({sighting(seen(chain_for("later.example", 29), "later.example")),
         sighting(seen(chain_for("never.example", 31), "never.example")),
         sighting(seen(chain_for("gone.example", -1), "gone.example"))});
  const std::vector<CertificateRow> rows = read({.expiring_days = 30});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].sni, "gone.example");
  EXPECT_EQ(rows[1].sni, "later.example");
}

TEST_F(InventoryDatabaseTest, GivesNoMoreRowsThanAreAskedFor) {
  for (int i = 0; i < 5; ++i) write({sighting(seen(chain_for("shop.example"), std::to_string(i), i))});
  const std::vector<CertificateRow> rows = read({.limit = 2});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].sni, "4");  // the latest first
}

TEST_F(InventoryDatabaseTest, WhateverAPeerSendsIsOnlyData) {
  certificate::ObservedCertificate odd = seen(chain_for("shop.example"), std::string("a\0'\"\xff\n", 6));
  odd.chain.push_back("not DER");
  write({sighting(odd), sighting(seen({"rubbish"}, "rubbish")), sighting(seen({}, "nothing"))});
  const std::vector<CertificateRow> rows = read();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].sni, std::string("a\0'\"\xff\n", 6));
}

TEST_F(InventoryDatabaseTest, IsForItsOwnerAlone) {
  write({});
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(InventoryDatabaseTest, LeavesOtherDatabasesAlone) {
  run("CREATE TABLE mine (a)");
  const auto database = InventoryDatabase::open(path_);
  ASSERT_FALSE(database.ok());
  EXPECT_THAT(database.error(), HasSubstr("not an inventory"));
  EXPECT_THAT(read_certificates(path_, {}, kTestNow).error(), HasSubstr("not an inventory"));
}

TEST_F(InventoryDatabaseTest, LeavesTheDatabaseOfANewerLimpidAlone) {
  write({});
  run("PRAGMA user_version = 999");
  const auto database = InventoryDatabase::open(path_);
  ASSERT_FALSE(database.ok());
  EXPECT_THAT(database.error(), HasSubstr("newer limpid"));
}

TEST_F(InventoryDatabaseTest, AFileThatIsNoDatabaseIsAnError) {
  std::ofstream(path_) << std::string(5'000, 'x');
  EXPECT_FALSE(InventoryDatabase::open(path_).ok());
  EXPECT_FALSE(read_certificates(path_, {}, kTestNow).ok());
  EXPECT_FALSE(read_certificates(folder_.file("absent.db"), {}, kTestNow).ok());
}

TEST_F(InventoryDatabaseTest, AFullDiskWritesNothingOfABatch) {
  auto database = InventoryDatabase::open("/dev/full");
  EXPECT_FALSE(database.ok());
  write({sighting(seen(chain_for("shop.example"), "shop.example"))});
  EXPECT_EQ(read().size(), 1U);
}

TEST_F(InventoryDatabaseTest, WhatIsRemovedTakesAlongCertificatesThatNothingNeedsAnyMore) {
  write({sighting(seen(chain_for("old.example"), "old.example", 0)),
         sighting(seen(chain_for("young.example"), "young.example", 100))});
  const auto certificates = [this] {
    return Sqlite(path_, SQLITE_OPEN_READONLY).number("SELECT count(*) FROM certificates");
  };
  ASSERT_EQ(certificates(), 3) << "two leaves and their one authority";
  auto database = InventoryDatabase::open(path_);
  ASSERT_TRUE(database.ok());
  EXPECT_EQ((*database)->remove_unseen_since(kTestNow).value(), 0U);
  EXPECT_EQ((*database)->remove_unseen_since(kTestNow + std::chrono::seconds(100)).value(), 1U);
  ASSERT_EQ(read().size(), 1U);
  EXPECT_EQ(read()[0].sni, "young.example");
  EXPECT_EQ(certificates(), 2) << "the authority stands in the other's chain";
  EXPECT_EQ((*database)->remove_unseen_since(kTestNow + std::chrono::seconds(101)).value(), 1U);
  EXPECT_EQ(certificates(), 0);
}

TEST_F(InventoryDatabaseTest, WhatWasRemovedMayBeSeenAgain) {
  const std::vector<std::string> chain = chain_for("shop.example");
  write({sighting(seen(chain, "shop.example", 0), 5)});
  ASSERT_TRUE((*InventoryDatabase::open(path_))->remove_unseen_since(kTestNow + std::chrono::hours(1)).ok());
  write({sighting(seen(chain, "shop.example", 7'200))});
  ASSERT_EQ(read().size(), 1U);
  EXPECT_EQ(read()[0].count, 1U);
}

certificate::ObservedCertificate repetition(const std::vector<std::string>& chain, const std::string& host,
                                            std::int64_t when_s) {
  certificate::ObservedCertificate again = seen({}, host, when_s);
  again.leaf = certificate::sha256_hex(chain.front());
  return again;
}

TEST_F(InventoryDatabaseTest, ARepetitionCountsWithoutSayingTheChainAgain) {
  const std::vector<std::string> chain = chain_for("shop.example");
  write({sighting(seen(chain, "shop.example", 0)), sighting(repetition(chain, "shop.example", 30), 4)});
  ASSERT_EQ(read().size(), 1U);
  EXPECT_EQ(read()[0].count, 5U);
  EXPECT_EQ(read()[0].last_seen_s, test_now_s() + 30);
  EXPECT_EQ(read()[0].chain.size(), 2U);
}

TEST_F(InventoryDatabaseTest, ARepetitionOfWhatIsNotThereIsNoSighting) {
  write({sighting(repetition(chain_for("shop.example"), "shop.example", 0), 4)});
  EXPECT_TRUE(read().empty());
}

}  // namespace
}  // namespace limpid::control
