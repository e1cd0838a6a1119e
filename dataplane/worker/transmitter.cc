// See transmitter.h.
#include "dataplane/worker/transmitter.h"

#include <algorithm>
#include <utility>

namespace limpid::worker {
namespace {

constexpr std::size_t kBurst = 64;  // offered to a port as soon as they are together

}  // namespace

/// A tool's way to one port.
class Transmitter::ToolOutput final : public tool::PacketOutput {
 public:
  ToolOutput(Transmitter& transmitter, PortIndex port) : transmitter_(transmitter), port_(port) {}

  bool send(Bytes frame) override {
    if (transmitter_.lanes_[port_].size() >= transmitter_.settings_.waiting_max) return false;
    wire::Packet packet = transmitter_.pool_.allocate(frame.size());
    if (!packet) return false;
    std::copy(frame.begin(), frame.end(), packet.bytes().begin());
    transmitter_.send_to(port_, std::move(packet));
    return true;
  }
  void send(wire::Packet packet) override { transmitter_.send_to(port_, std::move(packet)); }

 private:
  Transmitter& transmitter_;
  PortIndex port_;
};

Transmitter::Transmitter(const TransmitterSettings& settings, Fabric& fabric, wire::PacketPool& pool)
    : settings_(settings), fabric_(fabric), pool_(pool), lanes_(fabric.ports()) {
  for (std::size_t port = 0; port < lanes_.size(); ++port) {
    lanes_[port].packets.reserve(2 * settings.waiting_max);
    tools_.push_back(std::make_unique<ToolOutput>(*this, static_cast<PortIndex>(port)));
  }
}

Transmitter::~Transmitter() = default;

void Transmitter::send(std::uint16_t segment, flow::Side to, wire::Packet packet) {
  const SegmentPorts& ports = fabric_.segments()[segment];
  send_to(to == flow::Side::kClient ? ports.client_side : ports.server_side, std::move(packet));
}

void Transmitter::send_to(PortIndex port, wire::Packet packet) {
  Lane& lane = lanes_[port];
  if (lane.size() >= settings_.waiting_max) {
    counters_.reasons.count(Reason::transmit_queue_full);
    return;
  }
  lane.bytes += packet.size();
  lane.packets.push_back(std::move(packet));
  if (lane.size() == kBurst && lane.stuck_since == kNever) offer(port);
}

tool::PacketOutput& Transmitter::output_to(PortIndex port) { return *tools_[port]; }

std::size_t Transmitter::flush(Instant now) {
  std::size_t taken = 0;
  for (std::size_t port = 0; port < lanes_.size(); ++port) {
    if (lanes_[port].size() == 0) continue;
    const std::size_t count = offer(static_cast<PortIndex>(port));
    taken += count;
    watch(lanes_[port], count, now);
  }
  return taken;
}

/// What waits at one port; how many it took.
std::size_t Transmitter::offer(PortIndex port) {
  Lane& lane = lanes_[port];
  const std::span<wire::Packet> waiting = std::span(lane.packets).subspan(lane.first);
  const std::size_t taken = fabric_.transmit(settings_.worker, port, waiting);
  std::uint64_t left = 0;
  for (const wire::Packet& packet : waiting.subspan(taken)) left += packet.size();
  counters_.packets += taken;
  counters_.bytes += lane.bytes - left;
  lane.bytes = left;
  lane.first += taken;
  compact(lane);
  return taken;
}

/// Keeps the memory of a lane bounded without moving every packet that waits each time.
void Transmitter::compact(Lane& lane) {
  if (lane.size() > 0 && lane.first < settings_.waiting_max) return;
  lane.packets.erase(lane.packets.begin(), lane.packets.begin() + static_cast<std::ptrdiff_t>(lane.first));
  lane.first = 0;
}

/// A port that takes nothing for longer than our patience loses what waits for it.
void Transmitter::watch(Lane& lane, std::size_t taken, Instant now) {
  if (lane.size() == 0) {
    lane.stuck_since = kNever;
  } else if (taken > 0 || lane.stuck_since == kNever) {
    lane.stuck_since = now;
  } else if (now - lane.stuck_since > settings_.patience) {
    counters_.reasons.count(Reason::transmit_queue_full, lane.size());
    lane.packets.clear();
    lane.first = 0;
    lane.bytes = 0;
    lane.stuck_since = kNever;
  }
}

bool Transmitter::waiting() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.size() > 0; });
}

}  // namespace limpid::worker
