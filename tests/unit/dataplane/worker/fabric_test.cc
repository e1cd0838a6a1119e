#include "dataplane/worker/fabric.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/memory_port.h"
#include "tests/support/wire_frames.h"

namespace limpid::worker {
namespace {

const Arrival kSegment = flow::Arrival{};
const Arrival kTool = ToolArrival{.tool = 0, .side = tool::ToolSide::kB};

class FabricTest : public ::testing::Test {
 protected:
  std::unique_ptr<Fabric> fabric(std::size_t workers) {
    return std::make_unique<Fabric>(std::vector<nic::Port*>{&a, &b, &c, &d, &mirror, &tool_a, &tool_b},
                                    FabricSettings{.segments = {{0, 1}, {2, 3}},
                                                   .tools = {{5, 6, tags}},
                                                   .workers = workers,
                                                   .hash_secret = 11,
                                                   .ports_change = ports_change,
                                                   .handoff_packets = 2});
  }
  tool::ToolTags tags;
  bool ports_change = false;
  nic::SharedPacketPool pool;
  nic::MemoryPort a{"a", pool}, b{"b", pool}, c{"c", pool}, d{"d", pool}, mirror{"m", pool};
  nic::MemoryPort tool_a{"t0", pool}, tool_b{"t1", pool};
};

TEST_F(FabricTest, GivesEveryQueueOfASegmentAndAnInlineToolToExactlyOneWorker) {
  for (const std::size_t workers : {1U, 2U, 3U, 7U}) {
    const auto shared = fabric(workers);
    std::multiset<PortIndex> polled;
    for (std::size_t i = 0; i < workers; ++i) {
      for (const PolledQueue& queue : shared->polled_by(i)) polled.insert(queue.port);
    }
    EXPECT_EQ(polled, (std::multiset<PortIndex>{0, 1, 2, 3, 5, 6})) << workers;
  }
}

TEST_F(FabricTest, KnowsWhereAPolledFrameCameFrom) {
  const std::vector<PolledQueue> polled = fabric(1)->polled_by(0);
  ASSERT_EQ(polled.size(), 6U);
  EXPECT_EQ(polled[2].port, 2);
  const auto client = std::get<flow::Arrival>(polled[2].arrival);
  EXPECT_EQ(client.segment, 1);
  EXPECT_EQ(client.side, flow::Side::kClient);
  EXPECT_EQ(std::get<flow::Arrival>(polled[3].arrival).side, flow::Side::kServer);
  EXPECT_EQ(polled[4].port, 5);
  EXPECT_EQ(std::get<ToolArrival>(polled[4].arrival).side, tool::ToolSide::kA);
  EXPECT_EQ(std::get<ToolArrival>(polled[5].arrival).side, tool::ToolSide::kB);
}

TEST_F(FabricTest, SpreadsTheWorkOverTheWorkers) {
  const auto shared = fabric(2);
  EXPECT_EQ(shared->polled_by(0).size(), 3U);
  EXPECT_EQ(shared->polled_by(1).size(), 3U);
}

TEST_F(FabricTest, BringsBothDirectionsOfAFlowToOneWorker) {
  const auto shared = fabric(3);
  std::set<std::size_t> owners;
  for (int port = 40'000; port < 40'100; ++port) {
    const std::string client = "10.0.0.1:" + std::to_string(port);
    const std::size_t owner = shared->owner(frames::tcp({.source = client}), kSegment, 0);
    EXPECT_EQ(owner,
              shared->owner(frames::tcp({.source = "10.0.0.2:443", .destination = client}), kSegment, 1));
    owners.insert(owner);
  }
  EXPECT_EQ(owners.size(), 3U) << "every worker has flows";
}

TEST_F(FabricTest, FindsTheOwnerOfAToolsFrameBehindItsSegmentsTag) {
  tags = tool::ToolTags({{.vlan = 101}, {.vlan = 102}});
  const auto shared = fabric(3);
  for (int port = 40'000; port < 40'020; ++port) {
    frames::Tcp flow{.source = "10.0.0.1:" + std::to_string(port), .vlans = {5, 6}};
    const std::size_t owner = shared->owner(frames::tcp(flow), kSegment, 0);
    flow.vlans = {102, 5, 6};
    const std::size_t receiver = (owner + 1) % 3;
    EXPECT_EQ(shared->owner(frames::tcp(flow), kTool, receiver), owner);
  }
}

TEST_F(FabricTest, FindsTheOwnerByAddressesAloneWhereAToolMaySeeOtherPorts) {
  ports_change = true;
  const auto shared = fabric(3);
  std::set<std::size_t> owners;
  for (int host = 1; host <= 50; ++host) {
    const std::string client = "10.0.0." + std::to_string(host);
    const std::size_t owner = shared->owner(frames::tcp({.source = client + ":40000"}), kSegment, 0);
    const frames::Tcp back{.source = "10.0.0.2:80", .destination = client + ":40001"};
    EXPECT_EQ(shared->owner(frames::tcp(back), kTool, (owner + 1) % 3), owner);
    owners.insert(owner);
  }
  EXPECT_EQ(owners.size(), 3U) << "every worker has clients";
}

TEST_F(FabricTest, HasNoFlowWithTheWrongWorkerThoughItsPortsSpreadByPorts) {
  for (const bool change : {false, true}) {
    ports_change = change;
    for (nic::MemoryPort* port : {&a, &b, &c, &d, &tool_a, &tool_b}) port->spread_over(3);
    const auto shared = fabric(3);
    std::set<std::size_t> owners;
    for (const std::size_t receiver : {0U, 1U, 2U})
      owners.insert(shared->owner(frames::tcp({}), kTool, receiver));
    EXPECT_EQ(owners.size(), change ? 1U : 3U) << "the port's choice stands where ports stay as they are";
  }
}

TEST_F(FabricTest, LeavesWhatIsNotTcpToTheReceiver) {
  const auto shared = fabric(3);
  for (const frames::NamedFrame& kind : frames::every_kind(1500)) {
    if (kind.name.starts_with("TCP") || kind.name == "VLAN") continue;
    for (const std::size_t receiver : {0U, 1U, 2U})
      EXPECT_EQ(shared->owner(kind.frame, kSegment, receiver), receiver) << kind.name;
  }
}

TEST_F(FabricTest, GivesAnIcmpErrorToTheWorkerOfTheFlowThatItIsAbout) {
  const auto shared = fabric(3);
  std::set<std::size_t> owners;
  for (int port = 1; port <= 50; ++port) {
    const frames::Tcp segment{.source = "10.0.0.1:" + std::to_string(port)};
    const std::size_t owner = shared->owner(frames::tcp(segment), kSegment, 0);
    owners.insert(owner);
    EXPECT_EQ(shared->owner(frames::icmp_error(segment, "192.0.2.1:0", 3, 4, 1280), kSegment, 2), owner);
  }
  EXPECT_EQ(owners.size(), 3U);
}

TEST_F(FabricTest, LeavesEverythingToASingleWorker) {
  EXPECT_EQ(fabric(1)->owner(frames::tcp({}), kSegment, 0), 0U);
}

TEST_F(FabricTest, HandsOffInOrderUntilTheQueueIsFull) {
  const auto shared = fabric(2);
  const auto hand = [&](std::size_t size) {
    HandedPacket handed{pool.packet(frames::raw({}, 0x88b5, size)), flow::Arrival{1, flow::Side::kServer}};
    return shared->hand_off(0, 1, std::move(handed));
  };
  EXPECT_TRUE(hand(50));
  EXPECT_TRUE(hand(51));
  EXPECT_FALSE(hand(52));
  const auto first = shared->handed(0, 1).pop();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->packet.size(), 64U);
  EXPECT_EQ(std::get<flow::Arrival>(first->from).segment, 1);
  EXPECT_TRUE(hand(53));
  EXPECT_TRUE(shared->handed(1, 0).empty());
}

TEST_F(FabricTest, TransmitsForEveryWorkerThoughThePortHasOneQueue) {
  const auto shared = fabric(3);
  for (std::size_t i = 0; i < 3; ++i) {
    std::array<wire::Packet, 1> packet{pool.packet(frames::raw({}, 0x88b5, 60))};
    EXPECT_EQ(shared->transmit(i, 4, packet), 1U);
  }
  EXPECT_EQ(mirror.sent(), 3U);
}

}  // namespace
}  // namespace limpid::worker
