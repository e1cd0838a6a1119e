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

TEST(Log, ALevelThatDoesNotExistIsAnError) { EXPECT_FALSE(Log::open({.level = "loud", .file = ""}).ok()); }

}  // namespace
}  // namespace limpid::control
