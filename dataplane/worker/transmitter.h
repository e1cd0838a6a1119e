// Transmitter: what a worker sends, gathered per port and transmitted in bursts at the end of each loop. What
// a port does not take waits (bounded in number and time) and is offered again; what waited too long is
// dropped from the tail and counted as transmit_queue_full. Thread: its worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/tool/packet_output.h"
#include "dataplane/wire/packet.h"
#include "dataplane/worker/fabric.h"

namespace limpid::worker {

struct TransmitterSettings {
  std::size_t worker = 0;
  std::size_t waiting_max = 1024;
  Duration patience{};
};

struct TransmitCounters {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  ReasonCounters reasons;  // transmit_queue_full
};

class Transmitter final : public flow::PacketOutput {
 public:
  Transmitter(const TransmitterSettings& settings, Fabric& fabric, wire::PacketPool& pool);
  ~Transmitter() override;

  /// flow::PacketOutput.
  void send(std::uint16_t segment, flow::Side to, wire::Packet packet) override;
  void send_to(PortIndex port, wire::Packet packet);
  tool::PacketOutput& output_to(PortIndex port);

  /// Offers everything to the ports; how many packets they took.
  std::size_t flush(Instant now);
  /// Packets wait for room at a port.
  bool waiting() const;
  const TransmitCounters& counters() const { return counters_; }

 private:
  class ToolOutput;
  struct Lane {                         // to one port
    std::vector<wire::Packet> packets;  // those before `first` have been taken
    std::size_t first = 0;
    Instant stuck_since = kNever;
    std::uint64_t bytes = 0;  // of those that wait
    std::size_t size() const { return packets.size() - first; }
  };

  std::size_t offer(PortIndex port);
  void compact(Lane& lane);
  void watch(Lane& lane, std::size_t taken, Instant now);

  TransmitterSettings settings_;
  Fabric& fabric_;
  wire::PacketPool& pool_;
  std::vector<Lane> lanes_;
  std::vector<std::unique_ptr<ToolOutput>> tools_;
  TransmitCounters counters_;
};

}  // namespace limpid::worker
