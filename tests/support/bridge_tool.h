// BridgeTool: an inline tool in memory, beside a tool::InlineTool: whatever leaves limpid at one of its ports
// comes in at the other, unless the filter makes something else of it.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "dataplane/tool/inline_tool.h"
#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"

namespace limpid::tool {

class BridgeTool {
 public:
  using Frame = frames::Frame;
  /// What becomes of a frame that limpid has sent at `from`; nothing: it is lost.
  using Filter = std::function<std::optional<Frame>(ToolSide from, Frame frame)>;

  PacketOutput& side_a() { return a_; }
  PacketOutput& side_b() { return b_; }
  Filter filter;

  /// Passes on what has come so far. Whether there was anything.
  bool pass(InlineTool& tool, wire::MemoryPacketPool& pool, Instant now) {
    const std::deque<Arrived> batch = std::exchange(waiting_, {});
    for (const Arrived& arrived : batch) {
      std::optional<Frame> frame = filter ? filter(arrived.at, arrived.frame) : arrived.frame;
      const ToolSide out = arrived.at == ToolSide::kA ? ToolSide::kB : ToolSide::kA;
      if (frame) tool.on_packet(pool.packet(*frame), out, now);
    }
    return !batch.empty();
  }
  /// Everything that limpid has sent, in order.
  const std::vector<std::pair<ToolSide, Frame>>& sent() const { return sent_; }

 private:
  struct Arrived {
    ToolSide at;
    Frame frame;
  };
  class Port final : public PacketOutput {
   public:
    Port(BridgeTool& bridge, ToolSide side) : bridge_(bridge), side_(side) {}
    bool send(Bytes frame) override {
      bridge_.sent_.emplace_back(side_, Frame(frame.begin(), frame.end()));
      bridge_.waiting_.push_back({side_, Frame(frame.begin(), frame.end())});
      return true;
    }
    void send(wire::Packet packet) override { send(Bytes(packet.bytes())); }

   private:
    BridgeTool& bridge_;
    ToolSide side_;
  };

  Port a_{*this, ToolSide::kA};
  Port b_{*this, ToolSide::kB};
  std::deque<Arrived> waiting_;
  std::vector<std::pair<ToolSide, Frame>> sent_;
};

}  // namespace limpid::tool
