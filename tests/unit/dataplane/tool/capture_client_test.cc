#include "dataplane/tool/capture_client.h"

#include <sys/socket.h>

#include <array>

#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

class CaptureClientTest : public testing::Test {
 protected:
  CaptureClientTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ours_ = Descriptor(ends[0]);
    theirs_ = Descriptor(ends[1]);
  }
  CaptureClient client(std::size_t waiting_max = 1U << 20U) {
    return CaptureClient(std::move(ours_), "live", waiting_max);
  }
  /// Reads what is there.
  void drain() {
    std::array<std::byte, 4'096> piece{};
    ssize_t got = 0;
    while ((got = ::recv(theirs_.number(), piece.data(), piece.size(), 0)) > 0)
      got_.insert(got_.end(), piece.begin(), piece.begin() + got);
  }
  static pcapng::Buffer block(std::size_t frame_size) {
    pcapng::Buffer made;
    pcapng::append_packet(made, 0, moment(), as_bytes(pattern(frame_size)));
    return made;
  }

  Descriptor ours_{-1};
  Descriptor theirs_{-1};
  std::vector<std::byte> got_;
};

TEST_F(CaptureClientTest, GetsACaptureOfItsOwn) {
  CaptureClient made = client();
  EXPECT_TRUE(made.append(block(100)));
  EXPECT_TRUE(made.flush());
  drain();
  const PcapngContents contents = read_pcapng(got_);
  EXPECT_EQ(contents.sections, 1);
  EXPECT_EQ(contents.interfaces, std::vector<std::string>{"live"});
  ASSERT_EQ(contents.frames.size(), 1U);
  EXPECT_EQ(as_text(contents.frames[0].bytes), pattern(100));
}

TEST_F(CaptureClientTest, ThatReadsTooSlowlyLosesWholePacketsAndGetsAllThatWasTaken) {
  CaptureClient made = client(200'000);
  std::size_t taken = 0;
  std::size_t lost = 0;
  const pcapng::Buffer one = block(1'000);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2'000; ++i) ++(made.append(one) ? taken : lost);
    EXPECT_TRUE(made.flush());
    drain();
  }
  for (std::size_t before = 0; before != got_.size();) {
    before = got_.size();
    EXPECT_TRUE(made.flush());
    drain();
  }
  EXPECT_GT(lost, 1'000U);
  EXPECT_EQ(read_pcapng(got_).frames.size(), taken);
}

TEST_F(CaptureClientTest, IsGoneWhenItCloses) {
  CaptureClient made = client();
  EXPECT_TRUE(made.flush());
  theirs_ = Descriptor(-1);
  EXPECT_FALSE(made.flush());
}

TEST_F(CaptureClientTest, MaySayWhatItLikes) {
  CaptureClient made = client();
  ASSERT_EQ(::send(theirs_.number(), "hello", 5, 0), 5);
  EXPECT_TRUE(made.flush());
  EXPECT_TRUE(made.flush());
}

}  // namespace
}  // namespace limpid::tool
