#include "dataplane/tool/mirror_pcapng.h"

#include <sys/stat.h>

#include <atomic>

#include "dataplane/base/system_clock.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

class PcapngMirrorTest : public testing::Test {
 protected:
  std::unique_ptr<QueuedMirror> open(const std::function<void(PcapngMirrorSettings&)>& change = {}) {
    PcapngMirrorSettings settings{.path = path(), .interface_name = "recorder"};
    if (change) change(settings);
    auto mirror = open_pcapng_mirror(settings, clock_, [this](std::string_view) { ++warnings_; });
    EXPECT_TRUE(mirror.ok()) << mirror.error();
    return std::move(mirror).value();
  }
  std::string path() const { return folder_.file("plain.pcapng"); }

  TemporaryFolder folder_;
  SystemClock clock_;
  std::atomic<int> warnings_{0};
};

TEST_F(PcapngMirrorTest, AfterStopTheFileHoldsEverythingThatWasHandedOver) {
  const auto mirror = open();
  {
    const auto tap = mirror->for_worker(0).open(v6_flow(), moment());
    tap->on_bytes(Direction::kFromClient, as_bytes("ping"), moment(1));
    tap->on_bytes(Direction::kFromServer, as_bytes(pattern(40'000)), moment(2));
    tap->on_end(Direction::kFromServer, moment(3));
    tap->on_end(Direction::kFromClient, moment(4));
  }
  mirror->stop();
  const PcapngContents contents = read_pcapng_file(path());
  EXPECT_EQ(contents.interfaces, std::vector<std::string>{"recorder"});
  StreamReader reader(v6_flow().client);
  reader.read(contents.frames);
  EXPECT_EQ(reader.from_client(), "ping");
  EXPECT_EQ(reader.from_server(), pattern(40'000));
  EXPECT_EQ(reader.gaps, 0);
  EXPECT_FALSE(reader.client_rst() || reader.server_rst());
  EXPECT_EQ(contents.frames.back().when, moment(4));
  EXPECT_EQ(mirror->counters().packets, contents.frames.size());
  EXPECT_EQ(mirror->counters().sessions, 1U);
  EXPECT_EQ(warnings_, 0);
}

TEST_F(PcapngMirrorTest, SecretsStandInFrontOfTheBytesThatWereHandedOverAfterThem) {
  const auto mirror = open();
  {
    const auto tap = mirror->for_worker(0).open(v4_flow(), moment());
    tap->on_secrets(as_bytes("CLIENT_RANDOM 1 2\n"), moment(1));
    tap->on_bytes(Direction::kFromClient, as_bytes("sealed"), moment(2));
  }
  mirror->stop();
  const PcapngContents contents = read_pcapng_file(path());
  EXPECT_EQ(contents.secrets, std::vector<std::string>{"CLIENT_RANDOM 1 2\n"});
  EXPECT_EQ(contents.secrets_before, std::vector<std::size_t>{3}) << "behind the story's handshake";
  struct stat status {};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(PcapngMirrorTest, AFullDiskIsWarnedOfOnceAndNeverHoldsAnybodyUp) {
  const auto mirror = open([](PcapngMirrorSettings& settings) {
    settings.path = "/dev/full";
    settings.retry_after_ms = 0;
    settings.queue.queue_bytes_max = 1U << 30U;
  });
  {
    const auto tap = mirror->for_worker(0).open(v4_flow(), moment());
    for (int i = 0; i < 500; ++i) tap->on_bytes(Direction::kFromServer, as_bytes(pattern(16'384)), moment(i));
  }
  mirror->stop();
  EXPECT_EQ(warnings_, 1);
  EXPECT_GT(mirror->counters().lost_write, 0U);
}

TEST_F(PcapngMirrorTest, AnUnusablePathIsAnErrorAtTheStart) {
  const auto mirror = open_pcapng_mirror({.path = "/nonexistent/x.pcapng", .interface_name = "recorder"},
                                         clock_, [](std::string_view) {});
  ASSERT_FALSE(mirror.ok());
  EXPECT_THAT(mirror.error(), testing::HasSubstr("/nonexistent/x.pcapng"));
}

}  // namespace
}  // namespace limpid::tool
