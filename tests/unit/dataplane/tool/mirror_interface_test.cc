#include "dataplane/tool/mirror_interface.h"

#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {
namespace {

class FakePort final : public PacketOutput {
 public:
  bool send(Bytes frame) override {
    if (full) return false;
    frames.push_back(told(frame, moment()));
    return true;
  }
  void send(wire::Packet packet) override { send(Bytes(packet.bytes())); }
  bool full = false;
  std::vector<ToldFrame> frames;
};

TEST(InterfaceMirror, SendsASessionThatAReaderCanFollow) {
  FakePort port;
  InterfaceMirror mirror(port);
  {
    const auto tap = mirror.open(v4_flow(), moment());
    tap->on_bytes(Direction::kFromClient, as_bytes("ping"), moment(1));
    tap->on_bytes(Direction::kFromServer, as_bytes("pong"), moment(2));
    tap->on_end(Direction::kFromServer, moment(3));
    tap->on_end(Direction::kFromClient, moment(4));
  }
  StreamReader reader(v4_flow().client);
  reader.read(port.frames);
  EXPECT_EQ(reader.from_client(), "ping");
  EXPECT_EQ(reader.from_server(), "pong");
  EXPECT_EQ(reader.gaps, 0);
  EXPECT_FALSE(reader.client_rst() || reader.server_rst());
  EXPECT_EQ(mirror.counters().sessions, 1U);
  EXPECT_EQ(mirror.counters().packets, port.frames.size());
  EXPECT_EQ(mirror.counters().lost_queue, 0U);
}

TEST(InterfaceMirror, ATapThatIsDestroyedInTheMiddleResets) {
  FakePort port;
  InterfaceMirror mirror(port);
  mirror.open(v4_flow(), moment())->on_bytes(Direction::kFromClient, as_bytes("ping"), moment(1));
  StreamReader reader(v4_flow().client);
  reader.read(port.frames);
  EXPECT_TRUE(reader.client_rst());
}

TEST(InterfaceMirror, ResetsADirectionThatBroke) {
  FakePort port;
  InterfaceMirror mirror(port);
  const auto tap = mirror.open(v4_flow(), moment());
  tap->on_end(Direction::kFromClient, moment(1));
  tap->on_reset(Direction::kFromServer, moment(2));
  StreamReader reader(v4_flow().client);
  reader.read(port.frames);
  EXPECT_TRUE(reader.server_rst());
}

TEST(InterfaceMirror, AFullPortLosesCopiesAndCountsThem) {
  FakePort port;
  InterfaceMirror mirror(port);
  const auto tap = mirror.open(v4_flow(), moment());
  port.full = true;
  tap->on_bytes(Direction::kFromClient, as_bytes("lost"), moment(1));
  EXPECT_EQ(mirror.counters().lost_queue, 2U);  // the segment and its acknowledgement
  port.full = false;
  tap->on_bytes(Direction::kFromClient, as_bytes("told"), moment(2));
  EXPECT_EQ(mirror.counters().packets, port.frames.size());
}

}  // namespace
}  // namespace limpid::tool
