// Fabric: what the workers of one appliance share. Which ports make which segment, which worker polls which
// queue, the guards of transmit queues that several workers use, the hand-off queues between each pair of
// workers, and the doorbells that wake a sleeping one. Made by control/ (and tests) before the workers and
// destroyed after them. Everything that changes here is atomic or one of the SPSC queues.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "dataplane/base/queue.h"
#include "dataplane/flow/side.h"
#include "dataplane/nic/port.h"
#include "dataplane/tool/inline_tool.h"
#include "dataplane/wire/packet.h"
#include "dataplane/worker/doorbell.h"

namespace limpid::worker {

using PortIndex = std::uint16_t;

struct SegmentPorts {
  PortIndex client_side = 0;
  PortIndex server_side = 0;
};

/// The ports of an inline tool.
struct ToolPorts {
  PortIndex side_a = 0;
  PortIndex side_b = 0;
  tool::ToolTags tags{};  // what the flows' own frames are dressed in there
};

/// A frame that an inline tool has sent.
struct ToolArrival {
  std::uint16_t tool = 0;  // index into FabricSettings::tools
  tool::ToolSide side = tool::ToolSide::kA;
};
using Arrival = std::variant<flow::Arrival, ToolArrival>;

/// A frame on its way to the worker that owns its flow.
struct HandedPacket {
  wire::Packet packet;
  Arrival from;
};

/// A receive queue that one worker polls, and what arrives there.
struct PolledQueue {
  PortIndex port = 0;
  std::uint16_t queue = 0;
  Arrival arrival;
};

struct FabricSettings {
  std::vector<SegmentPorts> segments;
  std::vector<ToolPorts> tools{};  // inline
  std::size_t workers = 1;
  std::uint64_t hash_secret = 0;  // random; chooses the worker of a flow
  /// Flows may have other ports on a tool's wires: their worker has to follow from addresses alone.
  bool ports_change = false;
  std::size_t handoff_packets = 4096;  // between each pair of workers
};

class Fabric {
 public:
  /// The ports outlive the fabric. Ports of no segment and no inline tool (mirrors) are only transmitted to.
  Fabric(std::vector<nic::Port*> ports, FabricSettings settings);

  std::size_t workers() const { return settings_.workers; }
  std::size_t ports() const { return ports_.size(); }
  nic::Port& port(PortIndex index) { return *ports_[index]; }
  const std::vector<SegmentPorts>& segments() const { return settings_.segments; }
  std::size_t inline_tools() const { return settings_.tools.size(); }

  /// What this worker polls: every queue of every segment's and inline tool's port belongs to exactly one
  /// worker.
  std::vector<PolledQueue> polled_by(std::size_t worker) const;
  /// The worker that owns the frame's flow; `receiver` itself where the frame is not TCP, or where the port
  /// already brings both directions of a flow to one queue.
  std::size_t owner(Bytes frame, const Arrival& from, std::size_t receiver) const;

  /// False, and `packet` untouched, where the queue is full. Thread: worker `from`.
  bool hand_off(std::size_t from, std::size_t to, HandedPacket&& packet);
  /// The queue from one worker to another; its consumer is worker `to`.
  SpscQueue<HandedPacket>& handed(std::size_t from, std::size_t to);
  Doorbell& doorbell(std::size_t worker) { return *doorbells_[worker]; }

  /// Transmits through the queue that this worker uses at the port, alone or under the queue's guard. How
  /// many the port took; none where another worker holds the guard.
  std::size_t transmit(std::size_t worker, PortIndex port, std::span<wire::Packet> packets);

  /// The worker has drained. A worker ends when all have: until then its ports serve the others.
  void count_drained() { drained_.fetch_add(1, std::memory_order_acq_rel); }
  bool all_drained() const { return drained_.load(std::memory_order_acquire) >= workers(); }

 private:
  struct alignas(64) Guard {
    std::atomic_flag held;
    bool shared = false;  // more than one worker uses the queue
  };

  struct Entrance {
    PortIndex port;
    Arrival arrival;
  };
  std::vector<Entrance> entrances() const;
  Guard& guard(PortIndex port, std::uint16_t queue);
  std::uint16_t transmit_queue(std::size_t worker, PortIndex port) const;

  std::vector<nic::Port*> ports_;
  FabricSettings settings_;
  bool by_hash_ = false;                  // software decides which worker owns a flow
  std::vector<std::size_t> first_guard_;  // by port
  std::vector<std::unique_ptr<Guard>> guards_;
  std::vector<std::unique_ptr<SpscQueue<HandedPacket>>> handed_;  // from * workers + to
  std::vector<std::unique_ptr<Doorbell>> doorbells_;
  std::atomic<std::size_t> drained_{0};
};

}  // namespace limpid::worker
