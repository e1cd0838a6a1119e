// PacketSocketPort: a kernel interface as a port, through AF_PACKET sockets: one receive ring (all of a
// port's frames come to one queue; the workers spread them by flow), and a transmitting socket for each
// worker, so that none waits for another. Threads as in port.h.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/nic/interface.h"
#include "dataplane/nic/mbuf_pool.h"
#include "dataplane/nic/packet_ring.h"
#include "dataplane/nic/port.h"

namespace limpid::nic {

struct PacketSocketSettings {
  std::string interface;
  InterfaceFacts facts;
  std::size_t receive_frames = 0;
  std::size_t workers = 1;
};

class PacketSocketPort final : public Port {
 public:
  /// The error is a sentence. `pool` outlives the port.
  static Result<std::unique_ptr<PacketSocketPort>, std::string> open(const PacketSocketSettings& settings,
                                                                     MbufPool& pool);
  ~PacketSocketPort() override;
  PacketSocketPort(const PacketSocketPort&) = delete;
  PacketSocketPort& operator=(const PacketSocketPort&) = delete;

  std::size_t receive(std::uint16_t queue, std::span<wire::Packet> into) override;
  std::size_t transmit(std::uint16_t queue, std::span<wire::Packet> packets) override;
  const std::string& name() const override { return interface_; }
  std::uint16_t receive_queues() const override { return 1; }
  std::uint16_t transmit_queues() const override { return static_cast<std::uint16_t>(lanes_.size()); }
  std::uint16_t mtu() const override { return mtu_; }
  bool link_up() const override;
  PortCounters counters() const override;
  int wake_descriptor(std::uint16_t) const override { return ring_.descriptor(); }

 private:
  static constexpr std::size_t kBurst = 64;

  /// One worker's way out. Written by that worker, read by all.
  struct alignas(64) Lane {
    int descriptor = -1;
    std::atomic<std::uint64_t> packets{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> refused{0};
  };

  PacketSocketPort(const PacketSocketSettings& settings, MbufPool& pool, PacketRing ring);
  std::string open_lanes(int interface_index, std::size_t workers);
  std::size_t send_burst(Lane& lane, std::span<wire::Packet> packets);
  bool take(const RingFrame& frame, rte_mbuf& into) const;

  std::string interface_;
  std::uint16_t mtu_;
  MbufPool& pool_;
  PacketRing ring_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace limpid::nic
