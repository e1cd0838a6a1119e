// FramePath: the way of everything that belongs to no TCP flow (UDP, ICMP, ARP, fragments, any EtherType)
// through a fixed list of inline tools: what the flow engine knows as a FrameDetour. There is no state: which
// member of a group a frame goes through follows from its addresses, and where a frame that has come out goes
// follows from the tool that it came out of. One for each worker; its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/flow/detour.h"
#include "dataplane/tool/inline_tool.h"
#include "dataplane/tool/packet_output.h"
#include "dataplane/tool/tool_group.h"
#include "dataplane/wire/packet.h"

namespace limpid::tool {

class FramePath final : public flow::FrameDetour {
 public:
  /// The ports of a segment.
  struct Exits {
    PacketOutput& client_side;
    PacketOutput& server_side;
  };

  /// `groups`: from the client side. `segments`: by number. All of it outlives the path, and the path the
  /// tools' packets.
  FramePath(std::vector<ToolGroup*> groups, std::vector<Exits> segments);

  Taken take(wire::Packet& packet, flow::Arrival from) override;

 private:
  /// What comes out of the tools of one group.
  class Stop final : public OtherFrameTaker {
   public:
    Stop(FramePath& path, std::size_t place) : path_(path), place_(place) {}
    void on_other_frame(wire::Packet packet, ToolSide from, std::uint16_t segment) override;

   private:
    FramePath& path_;
    std::size_t place_;
  };

  Taken go_on(std::size_t done, wire::Packet& packet, std::uint16_t segment, bool to_b);

  std::vector<ToolGroup*> groups_;
  std::vector<Exits> segments_;
  std::vector<std::unique_ptr<Stop>> stops_;  // by group
};

}  // namespace limpid::tool
