#include "control/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "control/sqlite.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/control/folder.h"
#include "tests/unit/control/sightings.h"
#include "tls_proxy/certificate/description.h"

namespace limpid::control {
namespace {

using ::limpid::testing::kTestNow;

constexpr Duration kLong = std::chrono::minutes(2);

class InventoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<Inventory> open(const std::string& path, std::size_t waiting_max = 1'000) {
    InventorySettings settings{.database = path, .waiting_max = waiting_max, .commit_after_ms = 3'600'000};
    settings.retry_after_ms = 3'600'000;  // only when it is told to hurry
    settings.keep = keep_;
    return std::make_unique<Inventory>(settings, clock_, [this](std::string_view) { ++warnings_; });
  }
  std::vector<CertificateRow> read(const std::string& path) {
    auto rows = read_certificates(path, {}, kTestNow);
    EXPECT_TRUE(rows.ok()) << rows.error();
    return rows ? *rows : std::vector<CertificateRow>{};
  }

  Folder folder_;
  std::string path_ = folder_.file("inventory.db");
  ManualClock clock_;
  Duration keep_{};
  std::atomic<int> warnings_{0};
  std::vector<std::string> chain_ = chain_for("shop.example");
};

TEST_F(InventoryTest, ACleanStopWritesEverythingThatWaits) {
  {
    const auto inventory = open(path_);
    for (int i = 0; i < 100; ++i) inventory->record(seen(chain_, std::to_string(i)));
  }
  EXPECT_EQ(read(path_).size(), 100U);
}

TEST_F(InventoryTest, FlushWaitsUntilWhatWasRecordedCanBeRead) {
  const auto inventory = open(path_);
  inventory->record(seen(chain_, "shop.example"));
  EXPECT_TRUE(inventory->flush(kLong));
  EXPECT_EQ(read(path_).size(), 1U);
  EXPECT_EQ(inventory->stats().written, 1U);
  EXPECT_EQ(inventory->stats().waiting, 0U);
}

TEST_F(InventoryTest, EqualSightingsAreCountedAndNotRepeated) {
  const auto inventory = open(path_);
  for (int i = 0; i < 1'000; ++i) inventory->record(seen(chain_, "shop.example", i));
  EXPECT_TRUE(inventory->flush(kLong));
  const std::vector<CertificateRow> rows = read(path_);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].count, 1'000U);
  EXPECT_EQ(rows[0].first_seen_s, test_now_s());
  EXPECT_EQ(rows[0].last_seen_s, test_now_s() + 999);
}

TEST_F(InventoryTest, ASightingThatStandsForSeveralCountsAsSeveral) {
  const auto inventory = open(path_);
  certificate::ObservedCertificate observed = seen(chain_, "shop.example");
  observed.times = 7;
  inventory->record(std::move(observed));
  EXPECT_TRUE(inventory->flush(kLong));
  EXPECT_EQ(read(path_).at(0).count, 7U);
  EXPECT_EQ(inventory->stats().recorded, 7U);
}

TEST_F(InventoryTest, WhatCannotBeWrittenIsKeptAndTriedAgain) {
  const std::string path = folder_.file("later/inventory.db");
  const auto inventory = open(path);
  inventory->record(seen(chain_, "shop.example"));
  EXPECT_FALSE(inventory->flush(kLong));
  EXPECT_EQ(inventory->stats().waiting, 1U);
  EXPECT_THAT(inventory->stats().failure, ::testing::HasSubstr("No such file or directory"));

  std::filesystem::create_directory(folder_.file("later"));
  inventory->record(seen(chain_, "other.example"));
  while (!inventory->flush(kLong)) {
  }
  EXPECT_EQ(read(path).size(), 2U);
  EXPECT_EQ(inventory->stats().failure, "");
  EXPECT_EQ(warnings_, 2);  // it cannot; it can again
}

TEST_F(InventoryTest, AFailureIsWarnedOfOnce) {
  const auto inventory = open("/nonexistent/inventory.db");
  for (int i = 0; i < 5; ++i) {
    inventory->record(seen(chain_, std::to_string(i)));
    EXPECT_FALSE(inventory->flush(kLong));
  }
  EXPECT_EQ(warnings_, 1);
}

TEST_F(InventoryTest, TooManyWaitingLoseTheOldestAndCountThem) {
  const std::string path = folder_.file("later/inventory.db");
  const auto inventory = open(path, 10);
  for (int i = 0; i < 15; ++i) inventory->record(seen(chain_, std::to_string(100 + i), i));
  EXPECT_FALSE(inventory->flush(kLong));  // what the writer had in its hands is back among those that wait
  EXPECT_EQ(inventory->stats().recorded, 15U);
  EXPECT_EQ(inventory->stats().waiting, 10U);
  EXPECT_EQ(inventory->stats().lost, 5U);
  std::filesystem::create_directory(folder_.file("later"));
  while (!inventory->flush(kLong)) {
  }
  const std::vector<CertificateRow> rows = read(path);
  ASSERT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows.back().sni, "105");
}

TEST_F(InventoryTest, ADatabaseThatIsLockedByAnotherIsWrittenLater) {
  const auto inventory = open(path_);
  ASSERT_TRUE(inventory->flush(kLong));
  inventory->record(seen(chain_, "first"));
  ASSERT_TRUE(inventory->flush(kLong));
  {
    Sqlite other(path_, SQLITE_OPEN_READWRITE);
    other.run("BEGIN IMMEDIATE");
    inventory->record(seen(chain_, "second"));
    EXPECT_FALSE(inventory->flush(kLong));
    other.run("COMMIT");
  }
  while (!inventory->flush(kLong)) {
  }
  EXPECT_EQ(read(path_).size(), 2U);
}

TEST_F(InventoryTest, RecordsFromOneThreadWhileAnotherReads) {
  const auto inventory = open(path_);
  ASSERT_TRUE(inventory->flush(kLong));
  inventory->record(seen(chain_, "0"));
  ASSERT_TRUE(inventory->flush(kLong));
  std::thread recorder([&] {
    for (int i = 1; i <= 200; ++i) {
      inventory->record(seen(chain_, std::to_string(i)));
      if (i % 20 != 0) continue;
      EXPECT_TRUE(inventory->flush(kLong));
    }
  });
  for (std::size_t rows = 0; rows < 201;) {
    const std::size_t before = std::exchange(rows, read(path_).size());
    EXPECT_GE(rows, before);
  }
  recorder.join();
}

TEST_F(InventoryTest, RepetitionsOfDifferentCertificatesAreNotPutTogether) {
  std::vector<std::string> other = chain_for("shop.example");  // with another key
  const auto inventory = open(path_);
  for (const std::vector<std::string>* chain : {&chain_, &other}) {
    inventory->record(seen(*chain, "shop.example"));
    certificate::ObservedCertificate again = seen({}, "shop.example");
    again.leaf = certificate::sha256_hex(chain->front());
    again.times = 3;
    inventory->record(std::move(again));
  }
  EXPECT_TRUE(inventory->flush(kLong));
  const std::vector<CertificateRow> rows = read(path_);
  ASSERT_EQ(rows.size(), 2U);
  for (const CertificateRow& row : rows) EXPECT_EQ(row.count, 4U);
}

// --- what has not been seen for long ---

/// The sightings' times are those of the tests' certificates; the clock is set to them.
class InventoryKeepTest : public InventoryTest {
 protected:
  InventoryKeepTest() {
    keep_ = std::chrono::hours(24);
    clock_.advance(kTestNow - clock_.wall());
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const CertificateRow& row : read(path_)) names.push_back(row.sni);
    return names;
  }
};

TEST_F(InventoryKeepTest, RemovesWhatHasNotBeenSeenForSoLong) {
  const auto inventory = open(path_);
  inventory->record(seen(chain_, "old.example", 0));
  inventory->record(seen(chain_, "young.example", 3'600));
  EXPECT_TRUE(inventory->flush(kLong));
  clock_.advance(std::chrono::hours(24) + std::chrono::seconds(1));
  inventory->record(seen(chain_, "new.example", 24 * 3'600));
  EXPECT_TRUE(inventory->flush(kLong));
  inventory->stop();
  EXPECT_THAT(names(), ::testing::UnorderedElementsAre("young.example", "new.example"));
  EXPECT_EQ(inventory->stats().removed, 1U);
}

TEST_F(InventoryKeepTest, LooksAtOnceWhenItStarts) {
  keep_ = {};
  open(path_)->record(seen(chain_, "old.example", 0));
  keep_ = std::chrono::hours(24);
  clock_.advance(std::chrono::hours(48));
  open(path_)->stop();
  EXPECT_THAT(names(), ::testing::IsEmpty());
}

TEST_F(InventoryKeepTest, KeepsWhatIsSeenAgainJustBeforeItWouldGo) {
  const auto inventory = open(path_);
  inventory->record(seen(chain_, "shop.example", 0));
  EXPECT_TRUE(inventory->flush(kLong));
  clock_.advance(std::chrono::hours(48));
  inventory->record(seen(chain_, "shop.example", 48 * 3'600));
  EXPECT_TRUE(inventory->flush(kLong));
  inventory->stop();
  ASSERT_EQ(read(path_).size(), 1U);
  EXPECT_EQ(read(path_)[0].count, 2U);
  EXPECT_EQ(read(path_)[0].first_seen_s, test_now_s());
}

TEST_F(InventoryKeepTest, ForEverMeansForEver) {
  keep_ = {};
  const auto inventory = open(path_);
  inventory->record(seen(chain_, "old.example", 0));
  EXPECT_TRUE(inventory->flush(kLong));
  clock_.advance(std::chrono::hours(24 * 36'500));
  inventory->record(seen(chain_, "new.example", 1));
  EXPECT_TRUE(inventory->flush(kLong));
  EXPECT_EQ(names().size(), 2U);
}

}  // namespace
}  // namespace limpid::control
