// See packet_socket_port.h. Frames are sent with sendmmsg(2), one system call for a burst: the kernel copies
// each once, says exactly which it has taken, and keeps no reference to our memory. A transmit ring would
// copy twice, and would not tell.
#include "dataplane/nic/packet_socket_port.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "dataplane/nic/unfinished_checksum.h"

namespace limpid::nic {
namespace {

constexpr int kSendBufferBytes = 4 << 20;  // frames that a device has taken but not yet sent

void add(std::atomic<std::uint64_t>& counter, std::uint64_t more) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);  // one writer
}

bool worth_a_retry(int error) {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

}  // namespace

Result<std::unique_ptr<PacketSocketPort>, std::string> PacketSocketPort::open(
    const PacketSocketSettings& settings, MbufPool& pool) {
  auto ring = PacketRing::open(settings.interface, settings.facts.index,
                               settings.facts.mtu + kLinkHeaderBytes, settings.receive_frames);
  if (!ring) return Failure{ring.error()};
  std::unique_ptr<PacketSocketPort> port(new PacketSocketPort(settings, pool, std::move(ring).value()));
  if (std::string error = port->open_lanes(settings.facts.index, settings.workers); !error.empty()) {
    return Failure{std::move(error)};
  }
  return port;
}

PacketSocketPort::PacketSocketPort(const PacketSocketSettings& settings, MbufPool& pool, PacketRing ring)
    : interface_(settings.interface),
      mtu_(static_cast<std::uint16_t>(settings.facts.mtu)),
      pool_(pool),
      ring_(std::move(ring)) {}

PacketSocketPort::~PacketSocketPort() {
  for (const auto& lane : lanes_) {
    if (lane->descriptor >= 0) close(lane->descriptor);
  }
}

std::string PacketSocketPort::open_lanes(int interface_index, std::size_t workers) {
  sockaddr_ll address{};  // protocol 0: the socket receives nothing
  address.sll_family = AF_PACKET;
  address.sll_ifindex = interface_index;
  for (std::size_t i = 0; i < workers; ++i) {
    lanes_.push_back(std::make_unique<Lane>());
    const int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    lanes_.back()->descriptor = descriptor;
    if (descriptor < 0 ||
        bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return "interface " + interface_ +
             ": no packet socket to transmit on: " + std::generic_category().message(errno);
    }
    // The interface's queueing discipline is meant for this host's own traffic, and would hide from us that
    // the device is full. The kernel that refuses either option only makes us slower.
    const int on = 1;
    setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes, sizeof kSendBufferBytes);
  }
  return {};
}

std::size_t PacketSocketPort::receive(std::uint16_t, std::span<wire::Packet> into) {
  std::size_t waiting = ring_.waiting(std::min(into.size(), kBurst));
  if (waiting == 0) return 0;
  std::array<rte_mbuf*, kBurst> buffers;
  if (rte_pktmbuf_alloc_bulk(pool_.mempool(), buffers.data(), static_cast<unsigned>(waiting)) != 0) {
    buffers[0] = rte_pktmbuf_alloc(pool_.mempool());  // the last few, or none: the frames wait in the ring
    if (buffers[0] == nullptr) return 0;
    waiting = 1;
  }
  std::size_t received = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < waiting; ++i) {
    if (take(ring_.front(), *buffers[i])) {
      bytes += buffers[i]->data_len;
      into[received++] = pool_.packet(buffers[i]);
    } else {
      rte_pktmbuf_free(buffers[i]);
      add(refused_, 1);
    }
    ring_.pop();
  }
  add(packets_, received);
  add(bytes_, bytes);
  return received;
}

bool PacketSocketPort::take(const RingFrame& frame, rte_mbuf& into) const {
  if (!frame.whole || frame.size() > pool_.frame_bytes_max()) return false;
  into.data_len = static_cast<std::uint16_t>(frame.size());
  into.pkt_len = static_cast<std::uint32_t>(frame.size());
  frame.copy(rte_pktmbuf_mtod(&into, std::byte*));
  if (frame.checksum_missing) finish_checksum({rte_pktmbuf_mtod(&into, std::byte*), frame.size()});
  return true;
}

std::size_t PacketSocketPort::transmit(std::uint16_t queue, std::span<wire::Packet> packets) {
  Lane& lane = *lanes_[queue];
  std::size_t taken = 0;
  while (taken < packets.size()) {
    const std::size_t burst = std::min(kBurst, packets.size() - taken);
    const std::size_t sent = send_burst(lane, packets.subspan(taken, burst));
    taken += sent;
    if (sent < burst) break;
  }
  return taken;
}

/// How many are gone: sent, or refused for ever.
std::size_t PacketSocketPort::send_burst(Lane& lane, std::span<wire::Packet> packets) {
  std::array<mmsghdr, kBurst> messages{};
  std::array<iovec, kBurst> pieces;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    pieces[i] = {packets[i].bytes().data(), packets[i].size()};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int sent =
      sendmmsg(lane.descriptor, messages.data(), static_cast<unsigned>(packets.size()), MSG_DONTWAIT);
  if (sent < 0) {
    if (worth_a_retry(errno)) return 0;
    packets[0] = {};  // too long, or the interface is down or gone: another try would end the same way
    add(lane.refused, 1);
    return 1 + (packets.size() > 1 ? send_burst(lane, packets.subspan(1)) : 0);
  }
  std::uint64_t bytes = 0;
  const auto count = static_cast<std::size_t>(sent);
  for (std::size_t i = 0; i < count; ++i) {
    bytes += packets[i].size();
    packets[i] = {};
  }
  add(lane.packets, count);
  add(lane.bytes, bytes);
  return count;
}

bool PacketSocketPort::link_up() const {
  ifreq request{};
  interface_.copy(request.ifr_name, sizeof request.ifr_name - 1);
  return ioctl(ring_.descriptor(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

PortCounters PacketSocketPort::counters() const {
  PortCounters counters;
  counters.packets_received = packets_.load(std::memory_order_relaxed);
  counters.bytes_received = bytes_.load(std::memory_order_relaxed);
  counters.receive_refused = refused_.load(std::memory_order_relaxed);
  counters.receive_missed = ring_.drops();
  for (const auto& lane : lanes_) {
    counters.packets_transmitted += lane->packets.load(std::memory_order_relaxed);
    counters.bytes_transmitted += lane->bytes.load(std::memory_order_relaxed);
    counters.transmit_refused += lane->refused.load(std::memory_order_relaxed);
  }
  return counters;
}

}  // namespace limpid::nic
