#include "control/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/control/folder.h"

namespace limpid::control {
namespace {

TEST(Log, WritesALineWithTimeAndLevel) {
  const Folder folder;
  auto log = Log::open({.level = "info", .file = folder.file("limpid.log")});
  ASSERT_TRUE(log.ok()) << log.error();
  (*log)->warning("the disk is full");
  (*log)->flush();
  EXPECT_THAT(contents(folder.file("limpid.log")),
              ::testing::MatchesRegex("[0-9-]+T[0-9:.]+Z warning the disk is full\n"));
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  const Folder folder;
  auto log = Log::open({.level = "warning", .file = folder.file("limpid.log")});
  ASSERT_TRUE(log.ok()) << log.error();
  (*log)->debug("no");
  (*log)->info("no");
  (*log)->error("yes");
  (*log)->flush();
  EXPECT_THAT(contents(folder.file("limpid.log")), ::testing::EndsWith("error yes\n"));
  EXPECT_THAT(contents(folder.file("limpid.log")), ::testing::Not(::testing::HasSubstr("no\n")));
}

TEST(Log, ALineStaysOneLineAndItsBracesAreOnlyText) {
  const Folder folder;
  auto log = Log::open({.level = "info", .file = folder.file("limpid.log")});
  ASSERT_TRUE(log.ok()) << log.error();
  (*log)->info("one\ntwo {} %s \x1b[2J");
  (*log)->flush();
  EXPECT_THAT(contents(folder.file("limpid.log")), ::testing::EndsWith("one\\x0atwo {} %s \\x1b[2J\n"));
}

TEST(Log, AFileThatCannotBeOpenedIsAnErrorThatNamesIt) {
  const auto log = Log::open({.level = "info", .file = "/proc/nothing/limpid.log"});
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error(), ::testing::HasSubstr("/proc/nothing"));
}

TEST(Log, AFullDiskLosesLinesAndNothingElse) {
  auto log = Log::open({.level = "info", .file = "/dev/full"});
  ASSERT_TRUE(log.ok()) << log.error();
  for (int i = 0; i < 100; ++i) (*log)->info("lost");
  (*log)->flush();
}

TEST(Log, GoesOnInANewFileWhereTheOldOneWasMovedAway) {
  const Folder folder;
  const std::string path = folder.file("limpid.log");
  auto log = Log::open({.level = "info", .file = path});
  ASSERT_TRUE(log.ok()) << log.error();
  (*log)->info("one");
  std::filesystem::rename(path, path + ".1");
  (*log)->info("two");
  EXPECT_EQ((*log)->reopen(), std::nullopt);
  (*log)->info("three");
  EXPECT_THAT(contents(path + ".1"), ::testing::EndsWith("two\n"));
  EXPECT_THAT(contents(path), ::testing::MatchesRegex("[^\n]* info three\n"));
}

TEST(Log, ReopenedWhereNothingWasMovedItContinuesTheFile) {
  const Folder folder;
  auto log = Log::open({.level = "info", .file = folder.file("limpid.log")});
  (*log)->info("one");
  EXPECT_EQ((*log)->reopen(), std::nullopt);
  (*log)->info("two");
  EXPECT_THAT(contents(folder.file("limpid.log")), ::testing::MatchesRegex("[^\n]*one\n[^\n]*two\n"));
}

TEST(Log, StaysInTheOldFileWhereTheNewOneCannotBeOpened) {
  const Folder folder;
  std::filesystem::create_directory(folder.file("logs"));
  auto log = Log::open({.level = "info", .file = folder.file("logs/limpid.log")});
  std::filesystem::rename(folder.file("logs"), folder.file("moved"));
  const auto error = (*log)->reopen();
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, ::testing::HasSubstr("logs/limpid.log: No such file or directory"));
  (*log)->info("still here");
  EXPECT_THAT(contents(folder.file("moved/limpid.log")), ::testing::EndsWith("still here\n"));
}

TEST(Log, WithoutAFileThereIsNothingToReopen) {
  auto log = Log::open({.level = "error", .file = ""});
  EXPECT_EQ((*log)->reopen(), std::nullopt);
}

TEST(Log, ALevelThatDoesNotExistIsAnError) { EXPECT_FALSE(Log::open({.level = "loud", .file = ""}).ok()); }

}  // namespace
}  // namespace limpid::control
