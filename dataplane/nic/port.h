// Port: one device at which frames arrive and leave, whatever is beneath it. DpdkPort in production (see
// runtime.h), MemoryPort in tests. Nothing here blocks.
// Threads: each receive queue belongs to one worker. A transmit queue that several workers use is guarded by
// them (worker::Fabric), not by the port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "dataplane/wire/packet.h"

namespace limpid::nic {

inline constexpr std::size_t kLinkHeaderBytes = 14 + 2 * 4;  // in front of IP: Ethernet and two VLAN tags

/// Counted since the port was opened. Frames without FCS.
struct PortCounters {
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_transmitted = 0;
  std::uint64_t bytes_transmitted = 0;
  std::uint64_t receive_missed = 0;   // frames that found the device's or the kernel's receive queue full
  std::uint64_t receive_refused = 0;  // frames that arrived in pieces too large for one packet buffer
  std::uint64_t transmit_refused =
      0;  // frames that the device will never take (too long, or nobody at the other end)
};

class Port {
 public:
  virtual ~Port() = default;

  /// Moves what has arrived to the front of `into`; how many that are.
  virtual std::size_t receive(std::uint16_t queue, std::span<wire::Packet> into) = 0;
  /// Takes packets from the front, as many as there is room for; those taken are empty afterwards. How many
  /// those are: the others are to be offered again.
  virtual std::size_t transmit(std::uint16_t queue, std::span<wire::Packet> packets) = 0;
  /// The interface's or device's name, for messages.
  virtual const std::string& name() const = 0;
  virtual std::uint16_t receive_queues() const = 0;
  virtual std::uint16_t transmit_queues() const = 0;
  /// Both directions of a flow arrive on the same queue number at every port that says so.
  virtual bool spreads_by_flow() const { return false; }
  /// Of IP packets.
  virtual std::uint16_t mtu() const = 0;
  virtual bool link_up() const = 0;
  /// Any thread; the values of a running port may be a burst old.
  virtual PortCounters counters() const = 0;
  /// A descriptor that poll(2) reports readable when frames wait on the queue; -1 where there is none.
  virtual int wake_descriptor(std::uint16_t queue) const {
    static_cast<void>(queue);
    return -1;
  }
};

}  // namespace limpid::nic
