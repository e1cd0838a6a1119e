#include "dataplane/flow/orphan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/wire/packet_view.h"
#include "tests/support/frames.h"

namespace limpid::flow {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Said final : SegmentOutput {
  bool send(std::uint16_t segment, Side to, wire::HeaderTemplate& headers,
            const tcp::SegmentOut& out) override {
    EXPECT_EQ(segment, 3);
    const std::string text = (out.flags == tcp::kRst ? "RST " : "ACK ") + std::to_string(out.seq);
    (to == Side::kServer ? to_client : to_server).push_back(text);
    last = out;
    from_port = headers.source_port();
    return true;
  }
  std::vector<std::string> to_client;
  std::vector<std::string> to_server;
  tcp::SegmentOut last;
  std::uint16_t from_port = 0;
};

using Texts = std::vector<std::string>;

struct OrphanTest : testing::Test {
  /// The client is on the segment's server side: sides come from the ledger, not from names.
  static LedgerEntry entry() {
    LedgerEntry entry;
    entry.facts.client = *SocketAddress::parse("10.0.0.1:40000");
    entry.facts.server = *SocketAddress::parse("10.0.0.2:443");
    entry.facts.segment = 3;
    entry.client_side = Side::kServer;
    entry.client = {.next = 100, .expected = 900, .ts_value = 5, .timestamps = true};
    entry.server = {.next = 200, .expected = 800};
    entry.client.link.size = entry.server.link.size = 14;
    return entry;
  }
  void hear(bool from_client, unsigned flags) {
    const frames::Frame frame = frames::tcp({.source = from_client ? "10.0.0.1:40000" : "10.0.0.2:443",
                                             .destination = from_client ? "10.0.0.2:443" : "10.0.0.1:40000",
                                             .flags = flags});
    orphan.hear(said, from_client, *wire::parse(frame), now);
  }
  /// Lets it say all that it says by itself.
  void run(Duration time) {
    const Instant until = now + time;
    while (orphan.due() <= until) {
      now = orphan.due();
      orphan.run(said, now);
    }
    now = until;
  }

  Said said;
  Instant now{seconds(50)};
  Orphan orphan{entry(), Instant{seconds(50)}};
};

TEST_F(OrphanTest, ResetsBothEndsOnceAndAsksThemThreeTimes) {
  run(milliseconds(10));
  EXPECT_EQ(said.to_client, Texts{"RST 100"});
  EXPECT_EQ(said.to_server, Texts{"RST 200"});
  EXPECT_TRUE(orphan.told());
  run(minutes(10));
  EXPECT_EQ(said.to_client, (Texts{"RST 100", "ACK 99", "ACK 99", "ACK 99"}));
  EXPECT_EQ(said.to_server, (Texts{"RST 200", "ACK 199", "ACK 199", "ACK 199"}));
  EXPECT_EQ(orphan.due(), kNever) << "it waits for whoever speaks";
  EXPECT_FALSE(orphan.over());
}

TEST_F(OrphanTest, AsksAsTheSideThatWasImpersonated) {
  run(milliseconds(10));
  hear(false, tcp::kRst);
  run(seconds(1));
  EXPECT_EQ(said.from_port, 443) << "the last message went to the client";
  EXPECT_EQ(said.last.ack, 900U);
  ASSERT_TRUE(said.last.options.timestamps.has_value());
  EXPECT_EQ(said.last.options.timestamps->value, 5U);
}

TEST_F(OrphanTest, OffersNoTimestampsWhereTheFlowHadNone) {
  run(milliseconds(10));
  hear(true, tcp::kRst);
  run(seconds(1));
  EXPECT_FALSE(said.last.options.timestamps.has_value());
}

TEST_F(OrphanTest, AsksNobodyWhoIsGone) {
  run(milliseconds(10));
  hear(true, tcp::kRst);
  EXPECT_FALSE(orphan.over());
  run(seconds(10));
  EXPECT_EQ(said.to_client, Texts{"RST 100"});
  EXPECT_EQ(said.to_server.size(), 4U);
  hear(false, tcp::kRst | tcp::kAck);
  EXPECT_TRUE(orphan.over());
}

TEST_F(OrphanTest, IsOverWhenBothHaveBeenAnsweredAndAskedToTheEnd) {
  run(milliseconds(10));
  hear(true, tcp::kAck);
  hear(false, tcp::kAck);
  EXPECT_FALSE(orphan.over()) << "the answer may have been lost";
  run(seconds(10));
  EXPECT_TRUE(orphan.over());
}

TEST_F(OrphanTest, ResetsTheOtherEndWhereOneSpeaksFirst) {
  orphan = Orphan(entry(), kNever);
  run(minutes(1));
  EXPECT_TRUE(said.to_client.empty() && said.to_server.empty());
  hear(true, tcp::kAck);
  EXPECT_TRUE(said.to_client.empty()) << "its tombstone answers it";
  EXPECT_EQ(said.to_server, Texts{"RST 200"});
  hear(true, tcp::kAck);
  EXPECT_EQ(said.to_server.size(), 1U);
  run(seconds(1));
  EXPECT_EQ(said.to_server, (Texts{"RST 200", "ACK 199"}));
}

TEST_F(OrphanTest, SaysNothingOverALinkThatCannotBe) {
  LedgerEntry broken = entry();
  broken.client.link.size = 255;
  broken.server.link.size = 0;
  orphan = Orphan(broken, now);
  run(minutes(1));
  EXPECT_TRUE(said.to_client.empty() && said.to_server.empty());
}

}  // namespace
}  // namespace limpid::flow
