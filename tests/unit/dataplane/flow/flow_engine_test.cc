#include "dataplane/flow/flow_engine.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::flow {
namespace {

struct Engine : EngineTest {
  void expect_crosses(const Frame& frame, Reason reason) {
    for (const Side side : {Side::kClient, Side::kServer}) {
      output.sent.clear();
      const std::uint64_t before = engine().counters().reasons[reason];
      arrive(frame, side, 3);
      ASSERT_EQ(output.sent.size(), 1U);
      EXPECT_EQ(output.sent[0].frame, frame);
      EXPECT_EQ(output.sent[0].to, opposite(side));
      EXPECT_EQ(output.sent[0].segment, 3);
      EXPECT_EQ(engine().counters().reasons[reason], before + 1);
    }
  }
  /// Forwarded by policy from the SYN on.
  void pass() {
    user.on_syn_says = Disposition::kForward;
    connect();
  }
};

TEST_F(Engine, WhatIsNotAWholeTcpSegmentCrossesUnchanged) {
  expect_crosses(frames::udp({.vlans = {5}, .payload = "query"}), Reason::not_tcp);
  Frame arp = frames::ethernet({}, 0x0806);
  arp.resize(60);
  expect_crosses(arp, Reason::not_tcp);
  Frame lldp = frames::ethernet({.vlans = {5}}, 0x88cc);
  lldp.resize(99);
  expect_crosses(lldp, Reason::not_tcp);
  Frame fragment = frames::tcp({.flags = 16, .payload = "part"});
  fragment[20] = std::byte{0x20};
  expect_crosses(fragment, Reason::ip_fragment);
  expect_crosses(Frame(9), Reason::frame_truncated);
}

TEST_F(Engine, APassedFlowCrossesBitIdenticalWhateverItCarries) {
  pass();
  SeededRandom bits(11);
  for (int i = 0; i < 300; ++i) {
    const bool by_client = bits.next() % 2 == 0;
    frames::Tcp tcp = by_client ? from_client(static_cast<std::uint32_t>(bits.next()), 0)
                                : from_server(static_cast<std::uint32_t>(bits.next()), 0);
    tcp.flags = static_cast<unsigned>(bits.next() & 0xfdU);  // everything but SYN
    tcp.payload = std::string(bits.next() % 1400, static_cast<char>(bits.next()));
    tcp.options = std::string(bits.next() % 41, static_cast<char>(bits.next()));
    tcp.damaged = bits.next() % 4 == 0;
    tcp.tos = static_cast<unsigned>(bits.next() % 256);
    tcp.padding = bits.next() % 8;
    expect_forwarded(tcp, by_client ? client_side : opposite(client_side));
  }
}

TEST_F(Engine, CountsWhatAForwardedFlowCarries) {
  pass();
  server_sends(from_server(1, tcp::kAck, "12345"));
  client_sends(from_client(1, tcp::kAck, "123"));
  visit_all(engine(), [](const FlowView& view) {
    EXPECT_EQ(view.summary.bytes_from_server, 5U);
    EXPECT_EQ(view.summary.bytes_from_client, 3U);
    EXPECT_EQ(view.summary.packets_from_client, 3U);
    EXPECT_EQ(view.summary.packets_from_server, 2U);
    EXPECT_EQ(view.summary.disposition, Disposition::kForward);
  });
}

TEST_F(Engine, AForwardedFlowIsReportedSoonAfterBothFins) {
  pass();
  expect_forwarded_from_client(from_client(1, tcp::kAck | tcp::kFin));
  advance(seconds(30));
  EXPECT_TRUE(user.closed.empty()) << "half closed";
  expect_forwarded_from_server(from_server(1, tcp::kAck | tcp::kFin));
  advance(seconds(5));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::none);
  EXPECT_EQ(engine().counters().now_forwarded, 0U);
}

TEST_F(Engine, AForwardedFlowIsReportedSoonAfterAReset) {
  pass();
  expect_forwarded_from_server(from_server(1, tcp::kRst));
  advance(seconds(5));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::server_reset);
}

TEST_F(Engine, ASilentForwardedFlowExpiresAfterTwoHoursAndFourMinutesAndNotBefore) {
  pass();
  advance(minutes(100));
  expect_forwarded_from_client(from_client(1, tcp::kAck));
  advance(minutes(123));
  EXPECT_TRUE(user.closed.empty());
  advance(minutes(2));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::idle_timeout);
}

TEST_F(Engine, ANewSynOnAForwardedTupleIsANewFlow) {
  pass();
  frames::Tcp again = syn();
  expect_forwarded_from_client(again);  // the same one once more
  EXPECT_EQ(user.syns.size(), 1U);
  again.seq += 1;
  user.on_syn_says = Disposition::kWatch;
  expect_forwarded_from_client(again);
  EXPECT_EQ(user.syns.size(), 2U);
  EXPECT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(engine().counters().now_watched, 1U);
}

TEST_F(Engine, TheSameTupleInAnotherVlanOrSegmentIsAnotherFlow) {
  client_sends(syn());
  vlans = {7};
  client_sends(syn());
  arrive(frames::tcp(syn()), client_side, 1);
  EXPECT_EQ(user.syns.size(), 3U);
  EXPECT_EQ(engine().counters().now_watched, 3U);
}

// --- Limits ---------------------------------------------------------------------------------------------

TEST_F(Engine, AFullTableForwardsUntracked) {
  settings.flows_max = 2;
  user.on_syn_says = Disposition::kForward;
  for (const char* from : {"10.0.0.1:1", "10.0.0.1:2"}) {
    client = from;
    connect();
  }
  client = "10.0.0.1:3";
  expect_forwarded_from_client(syn());
  EXPECT_EQ(user.syns.size(), 2U);
  EXPECT_EQ(engine().counters().reasons[Reason::flow_table_full], 1U);
}

TEST_F(Engine, AFullTableGivesUpTheOldestUnfinishedHandshakeFirst) {
  settings.flows_max = 2;
  for (const char* from : {"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"}) {
    client = from;
    expect_forwarded_from_client(syn());
  }
  EXPECT_EQ(user.syns.size(), 3U);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].facts.client.port, 1);
  EXPECT_EQ(engine().counters().now_watched, 2U);
}

TEST_F(Engine, EndedFlowsGoBeforeUnfinishedHandshakes) {
  settings.flows_max = 2;
  client = "10.0.0.1:1";
  client_sends(syn());
  client = "10.0.0.1:2";
  connect();
  client_sends(from_client(1, tcp::kAck, "plain"));
  client_sends(from_client(6, tcp::kRst));
  client = "10.0.0.1:3";
  client_sends(syn());
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].facts.client.port, 2);
}

TEST_F(Engine, BeyondTheLimitOfWatchedFlowsTheyAreForwarded) {
  settings.watched_max = 1;
  client = "10.0.0.1:1";
  connect();
  client = "10.0.0.1:2";
  connect();
  EXPECT_EQ(engine().counters().reasons[Reason::watched_flows_full], 1U);
  expect_forwarded_from_client(from_client(1, tcp::kAck, "HELLO\n"));
}

TEST_F(Engine, AMillionSynsLeaveNoMoreThanTheTableHolds) {
  settings.flows_max = 1000;
  for (int i = 0; i < 20'000; ++i) {
    client = "10." + std::to_string(i / 10'000) + "." + std::to_string(i / 100 % 100) +
             ".1:" + std::to_string(1 + i % 100);
    output.sent.clear();
    client_sends(syn());
    ASSERT_EQ(output.sent.size(), 1U);
  }
  EXPECT_EQ(engine().counters().now_watched, 1000U);
  EXPECT_EQ(user.closed.size(), 19'000U);
  engine().close_all(now);
  EXPECT_EQ(user.closed.size(), 20'000U);
}

// --- A memo reads along ---------------------------------------------------------------------------------

TEST_F(Engine, AMemoSeesTheServersBytesInOrderEachOnce) {
  user.memo_on_syn = true;
  pass();
  expect_forwarded_from_server(from_server(4, tcp::kAck, "def"));
  expect_forwarded_from_server(from_server(1, tcp::kAck, "abc"));
  expect_forwarded_from_server(from_server(1, tcp::kAck, "abc"));
  expect_forwarded_from_server(from_server(5, tcp::kAck, "efgh"));
  EXPECT_EQ(user.server_bytes, "abcdefgh");
}

TEST_F(Engine, AMemoGivenAtTheFirstBytesSeesTheServerFromItsFirst) {
  connect();
  client_sends(from_client(1, tcp::kAck, "plain"));
  server_sends(from_server(1, tcp::kAck, "answer"));
  EXPECT_EQ(user.server_bytes, "answer");
}

TEST_F(Engine, AMemoThatHasSeenEnoughIsLeftAloneAndGivenBackAtTheEnd) {
  user.memo_on_syn = true;
  user.memo_bytes = 3;
  pass();
  server_sends(from_server(1, tcp::kAck, "abc"));
  server_sends(from_server(4, tcp::kAck, "def"));
  EXPECT_EQ(user.server_bytes, "abc");
  engine().close_all(now);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_TRUE(user.closed[0].had_memo);
}

TEST_F(Engine, ClosingAllReportsEveryFlowOnceAndForwardsEverAfter) {
  adopt();
  client = "10.0.0.1:2";
  connect();
  engine().close_all(now);
  EXPECT_EQ(user.closed.size(), 2U);
  const FlowCounters& counters = engine().counters();
  EXPECT_EQ(counters.now_watched + counters.now_adopted + counters.now_forwarded + counters.now_tombstones,
            0U);
  EXPECT_EQ(engine().next_deadline(), kNever);
  expect_forwarded_from_client(syn());
}

TEST_F(Engine, TheHashOfBothDirectionsIsTheSameAndTheSecretsIsNot) {
  for (const bool v6 : {false, true}) {
    client = v6 ? "[2001:db8::1]:5" : "10.0.0.1:5";
    server = v6 ? "[2001:db8::2]:6" : "10.0.0.2:6";
    const Frame there = frames::tcp(from_client(0, tcp::kSyn));
    const Frame back = frames::tcp(from_server(0, tcp::kSyn));
    EXPECT_EQ(flow_hash(there, 1), flow_hash(back, 1));
    EXPECT_NE(flow_hash(there, 1), flow_hash(there, 2));
    const frames::Tcp query{.source = client, .destination = server};
    const frames::Tcp answer{.source = server, .destination = client};
    EXPECT_EQ(flow_hash(frames::udp(query), 1), flow_hash(frames::udp(answer), 1));
  }
  EXPECT_EQ(flow_hash(Frame(14), 1), 0U);
  const frames::Tcp quoted{.seq = 1, .flags = tcp::kAck};
  EXPECT_EQ(flow_hash(frames::icmp_error(quoted, "10.7.7.7:0", 3, 4, 1000), 1),
            flow_hash(frames::tcp(quoted), 1))
      << "an error goes where the flow is that it is about";
}

TEST_F(Engine, TheHashOfAddressesAloneIsTheSameForAllFlowsOfTwoHosts) {
  const auto hash = [](const frames::Tcp& of) { return flow_hash(frames::tcp(of), 1, HashOf::kAddresses); };
  const frames::Tcp flow{.source = "10.0.0.1:1", .destination = "10.0.0.2:443"};
  EXPECT_EQ(hash(flow), hash({.source = "10.0.0.2:80", .destination = "10.0.0.1:2"}));
  EXPECT_NE(hash(flow), hash({.source = "10.0.0.3:1", .destination = "10.0.0.2:443"}));
}

TEST_F(Engine, TheHashSpreadsNeighbouringFlowsOverWorkers) {
  std::array<int, 4> workers{};
  for (int port = 1; port <= 4000; ++port) {
    client = "10.0.0.1:" + std::to_string(port);
    ++workers[flow_hash(frames::tcp(syn()), 99) % workers.size()];
  }
  for (const int flows : workers) EXPECT_NEAR(flows, 1000, 150);
}

// --- looking in ---

struct Looking : EngineTest {
  Looking() { settings.flows_max = 8; }
  void open(int port) {
    client = "10.0.0.1:" + std::to_string(port);
    client_sends(syn());
  }
  void end(int port) {
    client = "10.0.0.1:" + std::to_string(port);
    client_sends(from_client(1, tcp::kRst));
    advance(seconds(10));
  }
  /// The next slice; where the one after it begins.
  std::uint32_t look(std::uint32_t from, std::uint32_t records_max, std::size_t views_max = 100) {
    std::size_t views = 0;
    return engine().visit_flows(from, records_max, [&](const FlowView& view) {
      seen.push_back(view.facts.client.port);
      return ++views < views_max;
    });
  }
  std::vector<int> seen;
};

TEST_F(Looking, ASliceLooksAtNoMoreRecordsThanItMay) {
  for (const int port : {1, 2, 3, 4, 5}) open(port);
  EXPECT_EQ(look(0, 3), 3U);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(look(3, 3), 6U);
  EXPECT_EQ(look(6, 3), FlowEngine::kAllVisited);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4, 5}));
}

TEST_F(Looking, ASliceEndsWhereTheVisitorHasEnough) {
  for (const int port : {1, 2, 3}) open(port);
  EXPECT_EQ(look(0, 8, 2), 2U);
  EXPECT_EQ(look(2, 8, 2), FlowEngine::kAllVisited);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST_F(Looking, BetweenSlicesFlowsComeAndGoAndNoneThatStaysIsMissedOrSeenTwice) {
  for (const int port : {1, 2, 3, 4, 5, 6}) open(port);
  const std::uint32_t next = look(0, 3);
  end(2);  // has been seen
  end(5);  // has not been
  open(7);
  open(8);
  open(9);
  EXPECT_EQ(look(next, 8), FlowEngine::kAllVisited);
  for (const int stays : {1, 3, 4, 6}) EXPECT_EQ(std::count(seen.begin(), seen.end(), stays), 1) << stays;
  for (const int other : {2, 5, 7, 8, 9}) EXPECT_LE(std::count(seen.begin(), seen.end(), other), 1) << other;
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 5), 0) << "it was gone";
}

TEST_F(Looking, APlaceBeyondTheTableIsItsEnd) {
  open(1);
  EXPECT_EQ(look(100, 8), FlowEngine::kAllVisited);
  EXPECT_TRUE(seen.empty());
}

}  // namespace
}  // namespace limpid::flow
