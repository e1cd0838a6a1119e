#include "dataplane/flow/server_bytes.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"

namespace limpid::flow {
namespace {

struct Memo final : FlowMemo {
  bool on_server_bytes(Bytes bytes) override {
    seen += as_text(bytes);
    return seen.size() < 20;
  }
  std::string seen;
};

struct ServerBytesTest : testing::Test {
  bool segment(std::uint32_t seq, const std::string& payload, unsigned flags = 16) {
    const frames::Frame frame = frames::tcp({.seq = seq, .flags = flags, .payload = payload});
    return bytes.on_segment(*wire::parse(frame), memo);
  }
  Memo memo;
  ServerBytes bytes{8};
};

TEST_F(ServerBytesTest, BeginBehindTheSynAck) {
  EXPECT_TRUE(segment(0xffffffff, "", 18));
  EXPECT_TRUE(segment(0, "abc"));
  EXPECT_EQ(memo.seen, "abc");
}

TEST_F(ServerBytesTest, WithoutABeginningThereIsNothingToRead) { EXPECT_FALSE(segment(5, "abc")); }

TEST_F(ServerBytesTest, ComeInOrderEachOnce) {
  bytes.start(0);
  EXPECT_TRUE(segment(3, "de"));
  EXPECT_TRUE(segment(0, "abcxx"));
  EXPECT_TRUE(segment(1, "bcdef"));
  EXPECT_EQ(memo.seen, "abcdef");
}

TEST_F(ServerBytesTest, AGapThatGrowsTooLargeEndsTheReading) {
  bytes.start(0);
  EXPECT_TRUE(segment(1, "bcdefg"));
  EXPECT_FALSE(segment(7, "hi"));
}

TEST_F(ServerBytesTest, EndWhenTheMemoHasSeenEnough) {
  bytes.start(0);
  EXPECT_FALSE(segment(0, std::string(20, 'x')));
}

}  // namespace
}  // namespace limpid::flow
