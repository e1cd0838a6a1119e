// PacketRing: the receive side of an AF_PACKET socket (packet(7), TPACKET_V2): the kernel copies frames into
// a ring that both map. DPDK has a driver for such sockets (net_af_packet), but its sockets are members of a
// defragmenting fan-out group, which swallows IP fragments, and it turns 802.1ad tags into 802.1Q ones; both
// break what limpid must forward bit by bit. Hence this class, on the same packet buffers.
// Thread: the worker that polls the queue; drops() is for any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/base/bytes.h"
#include "dataplane/base/result.h"

namespace limpid::nic {

/// A frame in the ring. The kernel has taken the outermost VLAN tag out of the bytes.
struct RingFrame {
  Bytes bytes;
  bool whole = true;  // false: it was longer than a slot and is cut off
  bool tagged = false;
  std::uint16_t tag_type = 0;  // 0x8100, 0x88a8
  std::uint16_t tag = 0;
  bool checksum_missing = false;  // left to a device that was never there (a veth peer's offload)

  std::size_t size() const { return bytes.size() + (tagged ? 4 : 0); }
  /// The frame as it was on the wire; `into` has size() bytes.
  void copy(std::byte* into) const;
};

class PacketRing {
 public:
  /// A ring for so many frames of an interface with this MTU, promiscuous, listening. Frames that this host
  /// itself sends on the interface are not received. The error is a sentence.
  static Result<PacketRing, std::string> open(const std::string& interface, int interface_index,
                                              std::size_t frame_bytes_max, std::size_t frames);
  PacketRing(PacketRing&& other) noexcept;
  PacketRing& operator=(PacketRing&&) = delete;
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;
  ~PacketRing();

  /// How many frames wait, counted up to `limit`.
  std::size_t waiting(std::size_t limit) const;
  /// The next one. Only while waiting() is not zero; valid until pop().
  RingFrame front() const;
  void pop();

  /// Readable while frames wait.
  int descriptor() const { return descriptor_; }
  /// Frames that found the ring full, since it was opened.
  std::uint64_t drops() const;

 private:
  explicit PacketRing(int descriptor) : descriptor_(descriptor) {}
  std::string prepare(const std::string& interface, int interface_index);
  std::string map(std::size_t frame_bytes_max, std::size_t frames);
  std::byte* slot(std::size_t number) const;

  int descriptor_ = -1;
  std::byte* memory_ = nullptr;
  std::size_t block_bytes_ = 0;
  std::size_t blocks_ = 0;
  std::size_t slot_bytes_ = 0;
  std::size_t slots_per_block_ = 0;
  std::size_t slots_ = 0;
  std::size_t next_ = 0;
  mutable std::atomic<std::uint64_t> drops_{0};
};

}  // namespace limpid::nic
