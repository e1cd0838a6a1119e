// See fabric.h.
#include "dataplane/worker/fabric.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/wire/icmp_error.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::worker {
Fabric::Fabric(std::vector<nic::Port*> ports, FabricSettings settings)
    : ports_(std::move(ports)), settings_(std::move(settings)) {
  const std::size_t count = workers();
  bool spread = true;
  for (const Entrance& entrance : entrances()) {
    LIMPID_CHECK(entrance.port < ports_.size(), "a segment or tool names a port that is not there");
    const nic::Port& its = port(entrance.port);
    spread = spread && its.spreads_by_flow() && its.receive_queues() == count;
  }
  // Devices spread by ports as well, and need not find a flow's addresses behind the tags of a tool's wires.
  const auto tagged = [](const ToolPorts& tool) { return tool.tags.tagged(); };
  spread = spread && !settings_.ports_change &&
           std::none_of(settings_.tools.begin(), settings_.tools.end(), tagged);
  by_hash_ = count > 1 && !spread;
  for (const nic::Port* port : ports_) {
    first_guard_.push_back(guards_.size());
    for (std::uint16_t queue = 0; queue < port->transmit_queues(); ++queue) {
      guards_.push_back(std::make_unique<Guard>());
      guards_.back()->shared = port->transmit_queues() < count;
    }
  }
  for (std::size_t i = 0; i < count * count; ++i) {
    handed_.push_back(std::make_unique<SpscQueue<HandedPacket>>(count > 1 ? settings_.handoff_packets : 1));
  }
  for (std::size_t i = 0; i < count; ++i) doorbells_.push_back(std::make_unique<Doorbell>());
}

std::vector<Fabric::Entrance> Fabric::entrances() const {
  std::vector<Entrance> all;
  for (std::size_t number = 0; number < settings_.segments.size(); ++number) {
    const auto segment = static_cast<std::uint16_t>(number);
    all.push_back({settings_.segments[number].client_side, flow::Arrival{segment, flow::Side::kClient}});
    all.push_back({settings_.segments[number].server_side, flow::Arrival{segment, flow::Side::kServer}});
  }
  for (std::size_t number = 0; number < settings_.tools.size(); ++number) {
    const auto tool = static_cast<std::uint16_t>(number);
    all.push_back({settings_.tools[number].side_a, ToolArrival{tool, tool::ToolSide::kA}});
    all.push_back({settings_.tools[number].side_b, ToolArrival{tool, tool::ToolSide::kB}});
  }
  return all;
}

std::vector<PolledQueue> Fabric::polled_by(std::size_t worker) const {
  std::vector<PolledQueue> polled;
  std::size_t turn = 0;  // ports of one queue go to the workers in turn
  for (const Entrance& entrance : entrances()) {
    const std::uint16_t queues = ports_[entrance.port]->receive_queues();
    for (std::uint16_t queue = 0; queue < queues; ++queue) {
      const std::size_t poller = queues == workers() ? queue : turn++ % workers();
      if (poller == worker) polled.push_back({entrance.port, queue, entrance.arrival});
    }
  }
  return polled;
}

std::size_t Fabric::owner(Bytes frame, const Arrival& from, std::size_t receiver) const {
  if (!by_hash_) return receiver;
  if (const auto* at = std::get_if<ToolArrival>(&from))
    frame = settings_.tools[at->tool].tags.behind_tag(frame);
  const auto ip = wire::parse_ip(frame);
  if (!ip) return receiver;
  // An ICMP error belongs to the flow that it is about.
  const bool owned = (ip->protocol == wire::kProtocolTcp && !ip->fragment) || wire::parse_icmp_error(*ip);
  if (!owned) return receiver;
  const auto what = settings_.ports_change ? flow::HashOf::kAddresses : flow::HashOf::kAddressesAndPorts;
  return flow::flow_hash(frame, settings_.hash_secret, what) % workers();
}

bool Fabric::hand_off(std::size_t from, std::size_t to, HandedPacket&& packet) {
  return handed(from, to).push(std::move(packet));
}

SpscQueue<HandedPacket>& Fabric::handed(std::size_t from, std::size_t to) {
  return *handed_[from * workers() + to];
}

std::uint16_t Fabric::transmit_queue(std::size_t worker, PortIndex port) const {
  return static_cast<std::uint16_t>(worker % ports_[port]->transmit_queues());
}

Fabric::Guard& Fabric::guard(PortIndex port, std::uint16_t queue) {
  return *guards_[first_guard_[port] + queue];
}

std::size_t Fabric::transmit(std::size_t worker, PortIndex port, std::span<wire::Packet> packets) {
  const std::uint16_t queue = transmit_queue(worker, port);
  Guard& its = guard(port, queue);
  if (!its.shared) return ports_[port]->transmit(queue, packets);
  if (its.held.test_and_set(std::memory_order_acquire)) return 0;  // the packets are offered again
  const std::size_t taken = ports_[port]->transmit(queue, packets);
  its.held.clear(std::memory_order_release);
  return taken;
}

}  // namespace limpid::worker
