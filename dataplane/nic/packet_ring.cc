// See packet_ring.h. The layout of a slot is that of TPACKET_V2 in linux/if_packet.h: a header, then, aligned
// for the IP header, the frame.
#include "dataplane/nic/packet_ring.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace limpid::nic {
namespace {

constexpr std::size_t kBlockBytesMin = std::size_t{64} << 10U;
constexpr std::size_t kMacBytes = 12;  // both addresses: a VLAN tag follows them
constexpr int kOn = 1;

/// Where the kernel puts the Ethernet header at the latest (net/packet: hdrlen, alignment, no reserve).
constexpr std::size_t kFrameOffset = 80;

std::string failed(const std::string& interface, const char* what) {
  const std::string why = std::generic_category().message(errno);
  return "interface " + interface + ": " + what + ": " + why;
}

tpacket2_hdr* header(std::byte* slot) { return reinterpret_cast<tpacket2_hdr*>(slot); }
std::atomic_ref<std::uint32_t> status(std::byte* slot) {
  return std::atomic_ref<std::uint32_t>(header(slot)->tp_status);
}

template <typename T>
bool set(int descriptor, int option, const T& value) {
  return setsockopt(descriptor, SOL_PACKET, option, &value, sizeof value) == 0;
}

}  // namespace

void RingFrame::copy(std::byte* into) const {
  if (!tagged) {
    std::memcpy(into, bytes.data(), bytes.size());
    return;
  }
  const std::uint16_t in_order[2] = {htons(tag_type), htons(tag)};
  std::memcpy(into, bytes.data(), kMacBytes);
  std::memcpy(into + kMacBytes, in_order, sizeof in_order);
  std::memcpy(into + kMacBytes + sizeof in_order, bytes.data() + kMacBytes, bytes.size() - kMacBytes);
}

Result<PacketRing, std::string> PacketRing::open(const std::string& interface, int interface_index,
                                                 std::size_t frame_bytes_max, std::size_t frames) {
  // Protocol 0: nothing is received before bind(), so that the ring holds frames of this interface only.
  PacketRing ring(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (ring.descriptor_ < 0) {
    const char* need = errno == EPERM ? "no permission for a packet socket: run as root or with CAP_NET_RAW"
                                      : "no packet socket";
    return Failure{failed(interface, need)};
  }
  if (!set(ring.descriptor_, PACKET_VERSION, int{TPACKET_V2}))
    return Failure{failed(interface, "no TPACKET_V2")};
  if (const std::string error = ring.map(frame_bytes_max, frames); !error.empty()) {
    return Failure{failed(interface, error.c_str())};
  }
  if (std::string error = ring.prepare(interface, interface_index); !error.empty())
    return Failure{std::move(error)};
  return ring;
}

PacketRing::PacketRing(PacketRing&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      memory_(std::exchange(other.memory_, nullptr)),
      block_bytes_(other.block_bytes_),
      blocks_(other.blocks_),
      slot_bytes_(other.slot_bytes_),
      slots_per_block_(other.slots_per_block_),
      slots_(other.slots_),
      next_(other.next_) {}

PacketRing::~PacketRing() {
  if (memory_ != nullptr) munmap(memory_, block_bytes_ * blocks_);
  if (descriptor_ >= 0) close(descriptor_);
}

std::string PacketRing::map(std::size_t frame_bytes_max, std::size_t frames) {
  slot_bytes_ =
      (kFrameOffset + frame_bytes_max + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT;
  block_bytes_ = kBlockBytesMin;
  while (block_bytes_ < slot_bytes_) block_bytes_ *= 2;
  slots_per_block_ = block_bytes_ / slot_bytes_;
  blocks_ = (frames + slots_per_block_ - 1) / slots_per_block_;
  slots_ = blocks_ * slots_per_block_;

  tpacket_req request{};
  request.tp_block_size = static_cast<unsigned>(block_bytes_);
  request.tp_block_nr = static_cast<unsigned>(blocks_);
  request.tp_frame_size = static_cast<unsigned>(slot_bytes_);
  request.tp_frame_nr = static_cast<unsigned>(slots_);
  if (!set(descriptor_, PACKET_RX_RING, request)) return "no memory for a receive ring";
  void* memory = mmap(nullptr, block_bytes_ * blocks_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (memory == MAP_FAILED) return "the receive ring cannot be mapped";
  memory_ = static_cast<std::byte*>(memory);
  return {};
}

std::string PacketRing::prepare(const std::string& interface, int interface_index) {
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = interface_index;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = interface_index;
  if (!set(descriptor_, PACKET_IGNORE_OUTGOING, kOn))
    return failed(interface, "own frames cannot be ignored");
  if (!set(descriptor_, PACKET_ADD_MEMBERSHIP, promiscuous))
    return failed(interface, "cannot be promiscuous");
  if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failed(interface, "the packet socket cannot be bound");
  }
  return {};
}

std::byte* PacketRing::slot(std::size_t number) const {
  return memory_ + number / slots_per_block_ * block_bytes_ + number % slots_per_block_ * slot_bytes_;
}

std::size_t PacketRing::waiting(std::size_t limit) const {
  std::size_t count = 0;
  std::size_t number = next_;
  while (count < std::min(limit, slots_) &&
         (status(slot(number)).load(std::memory_order_acquire) & TP_STATUS_USER) != 0) {
    ++count;
    number = number + 1 == slots_ ? 0 : number + 1;
  }
  return count;
}

RingFrame PacketRing::front() const {
  std::byte* start = slot(next_);
  const tpacket2_hdr& described = *header(start);
  RingFrame frame;
  frame.bytes = Bytes(start + described.tp_mac, described.tp_snaplen);
  frame.tagged = (described.tp_status & TP_STATUS_VLAN_VALID) != 0 && described.tp_snaplen >= kMacBytes;
  frame.whole = described.tp_snaplen == described.tp_len;
  frame.tag = described.tp_vlan_tci;
  frame.tag_type = (described.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? described.tp_vlan_tpid
                                                                          : std::uint16_t{ETH_P_8021Q};
  frame.checksum_missing = (described.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
  return frame;
}

void PacketRing::pop() {
  status(slot(next_)).store(TP_STATUS_KERNEL, std::memory_order_release);
  next_ = next_ + 1 == slots_ ? 0 : next_ + 1;
}

std::uint64_t PacketRing::drops() const {
  tpacket_stats seen{};  // the kernel starts again from zero with each look
  socklen_t size = sizeof seen;
  if (getsockopt(descriptor_, SOL_PACKET, PACKET_STATISTICS, &seen, &size) != 0) return drops_.load();
  return drops_.fetch_add(seen.tp_drops, std::memory_order_relaxed) + seen.tp_drops;
}

}  // namespace limpid::nic
