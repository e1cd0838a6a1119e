#include "control/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "control/sqlite.h"
#include "tests/unit/control/folder.h"
#include "tests/unit/control/sightings.h"

namespace limpid::control {
namespace {

using ::limpid::testing::kTestNow;

constexpr Duration kLong = std::chrono::minutes(2);

class InventoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<Inventory> open(const std::string& path, std::size_t waiting_max = 1'000) {
    InventorySettings settings{.database = path, .waiting_max = waiting_max, .commit_after_ms = 3'600'000};
    settings.retry_after_ms = 3'600'000;  // only when it is told to hurry
    return std::make_unique<Inventory>(settings, [this](std::string_view) { ++warnings_; });
  }
  std::vector<CertificateRow> read(const std::string& path) {
    auto rows = read_certificates(path, {}, kTestNow);
    EXPECT_TRUE(rows.ok()) << rows.error();
    return rows ? *rows : std::vector<CertificateRow>{};
  }

  Folder folder_;
  std::string path_ = folder_.file("inventory.db");
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

}  // namespace
}  // namespace limpid::control
