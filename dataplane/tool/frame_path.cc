#include "dataplane/tool/frame_path.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/address.h"
#include "dataplane/tool/flow_hash.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tool {

namespace {

FlowFacts hosts_of_frame(Bytes frame) {
  const Result<wire::IpView, Reason> ip = wire::parse_ip(frame);
  return ip ? hosts_of(*ip) : FlowFacts{};
}

}  // namespace

FramePath::FramePath(std::vector<ToolGroup*> groups, std::vector<Exits> segments)
    : groups_(std::move(groups)), segments_(std::move(segments)) {
  for (ToolGroup* group : groups_) {
    stops_.push_back(std::make_unique<Stop>(*this, stops_.size()));
    for (InlineTool* tool : group->tools()) tool->take_others(*stops_.back());
  }
}

flow::FrameDetour::Taken FramePath::take(wire::Packet& packet, flow::Arrival from) {
  return go_on(0, packet, from.segment, from.side == flow::Side::kClient);
}

/// `done`: how many groups it has behind it.
flow::FrameDetour::Taken FramePath::go_on(std::size_t done, wire::Packet& packet, std::uint16_t segment,
                                          bool to_b) {
  // Both directions alike, whichever of the groups is the first on the way.
  if (std::ranges::any_of(groups_, [](const ToolGroup* each) { return each->bypasses_network(); }))
    return Taken::kPast;
  const bool under_way = done > 0;
  for (; done < groups_.size(); ++done) {
    ToolGroup& group = *groups_[to_b ? done : groups_.size() - 1 - done];
    ToolGroup::Tried tried = 0;
    if (InlineTool* tool = group.choose(hosts_of_frame(packet.bytes()), tried)) {
      tool->put_in(segment, to_b ? ToolSide::kA : ToolSide::kB, std::move(packet));
      return Taken::kYes;
    }
    if (!group.refuses()) continue;
    if (under_way) ++group.counters().refused;  // else the engine counts it
    return Taken::kRefused;
  }
  return Taken::kPast;
}

void FramePath::Stop::on_other_frame(wire::Packet packet, ToolSide from, std::uint16_t segment) {
  if (segment >= path_.segments_.size()) return;
  const bool to_b = from == ToolSide::kB;
  const std::size_t done = to_b ? place_ + 1 : path_.groups_.size() - place_;
  if (path_.go_on(done, packet, segment, to_b) != Taken::kPast) return;
  const Exits& exits = path_.segments_[segment];
  (to_b ? exits.server_side : exits.client_side).send(std::move(packet));
}

}  // namespace limpid::tool
