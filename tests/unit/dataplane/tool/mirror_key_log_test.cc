#include "dataplane/tool/mirror_key_log.h"

#include <sys/stat.h>

#include <atomic>
#include <fstream>

#include "dataplane/base/system_clock.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

class KeyLogTest : public testing::Test {
 protected:
  Result<std::unique_ptr<QueuedMirror>, std::string> opened() {
    return open_key_log({.path = path()}, clock_, [this](std::string_view) { ++warnings_; });
  }
  std::unique_ptr<QueuedMirror> open() {
    auto log = opened();
    EXPECT_TRUE(log.ok()) << log.error();
    return std::move(log).value();
  }
  void tell(std::string_view lines) {
    const auto log = open();
    SecretsMirror secrets(log->for_worker(0));
    const auto tap = secrets.open(v4_flow(), moment());
    tap->on_bytes(Direction::kFromClient, as_bytes("sealed"), moment(1));
    tap->on_secrets(as_bytes(lines), moment(1));
    tap->on_end(Direction::kFromClient, moment(2));
    log->stop();
  }
  void make(mode_t mode) {
    { const auto log = open(); }
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
  }
  std::string path() const { return folder_.file("keys.log"); }
  std::string written() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  std::atomic<int> warnings_{0};
};

TEST_F(KeyLogTest, HoldsTheLinesOfSecretsAndNothingElse) {
  tell("CLIENT_RANDOM 1 2\n");
  EXPECT_EQ(written(), "CLIENT_RANDOM 1 2\n");
}

TEST_F(KeyLogTest, IsAppendedTo) {
  tell("CLIENT_RANDOM 1 2\n");
  tell("CLIENT_RANDOM 3 4\nEXPORTER_SECRET 5 6\n");
  EXPECT_EQ(written(), "CLIENT_RANDOM 1 2\nCLIENT_RANDOM 3 4\nEXPORTER_SECRET 5 6\n");
}

TEST_F(KeyLogTest, IsItsOwnersAlone) {
  { const auto log = open(); }
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(key_log_refusal(path()), std::nullopt);
}

TEST_F(KeyLogTest, AFileThatOthersMayReadIsNotAppendedTo) {
  make(0640);
  ASSERT_TRUE(key_log_refusal(path()));
  EXPECT_EQ(*key_log_refusal(path()), path() + ": others than its owner may read or write it");
  EXPECT_EQ(opened().error(), *key_log_refusal(path()));
}

TEST_F(KeyLogTest, WhatIsNoFileIsNotWrittenTo) {
  ASSERT_EQ(::symlink(folder_.file("elsewhere").c_str(), path().c_str()), 0);
  EXPECT_EQ(*key_log_refusal(path()), path() + ": is not a file");
  EXPECT_FALSE(opened().ok());
  EXPECT_NE(::access(folder_.file("elsewhere").c_str(), F_OK), 0);
}

TEST_F(KeyLogTest, WhatIsNotThereCanBeMade) { EXPECT_EQ(key_log_refusal(path()), std::nullopt); }

TEST(SecretsMirror, TakesNoSessionThatTheMirrorDoesNotTake) {
  struct Full final : Mirror {
    std::unique_ptr<PlaintextTap> open(const FlowFacts&, WallTime) override { return nullptr; }
  } full;
  EXPECT_EQ(SecretsMirror(full).open(v4_flow(), moment()), nullptr);
}

}  // namespace
}  // namespace limpid::tool
