// See dpdk_port.h. The device is asked for as many queues as there are workers; where it spreads received
// frames over them, the spreading need not bring both directions of a flow together: the workers hand over
// what is not theirs.
#include "dataplane/nic/dpdk_port.h"

#include <rte_errno.h>

#include <algorithm>

namespace limpid::nic {
namespace {

constexpr std::uint16_t kTransmitFrames = 1024;
constexpr auto kAnyNode = static_cast<unsigned>(SOCKET_ID_ANY);
constexpr std::uint64_t kSpread = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;

std::string failed(const std::string& port, const char* what, int error) {
  return "port " + port + ": " + what + ": " + rte_strerror(-error);
}

}  // namespace

Result<std::unique_ptr<DpdkPort>, std::string> DpdkPort::open(const DpdkPortSettings& settings,
                                                              MbufPool& pool) {
  std::unique_ptr<DpdkPort> port(new DpdkPort(settings, pool));
  if (std::string error = port->configure(settings); !error.empty()) return Failure{std::move(error)};
  return port;
}

DpdkPort::DpdkPort(const DpdkPortSettings& settings, MbufPool& pool)
    : name_(settings.name), port_id_(settings.port_id), pool_(pool) {}

DpdkPort::~DpdkPort() {
  rte_eth_dev_stop(port_id_);
  rte_eth_dev_close(port_id_);
}

std::string DpdkPort::configure(const DpdkPortSettings& settings) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(port_id_, &info); error != 0) {
    return failed(name_, "the device does not answer", error);
  }
  const auto workers = static_cast<std::uint16_t>(settings.workers);
  receive_queues_ = std::min(workers, info.max_rx_queues);
  transmit_queues_ = std::min(workers, info.max_tx_queues);
  const auto mtu = static_cast<std::uint16_t>(settings.mtu);
  if (mtu > info.max_mtu) {
    return "port " + name_ + ": its MTU is " + std::to_string(mtu) + ", and this driver takes no more than " +
           std::to_string(info.max_mtu);
  }
  mtu_ = mtu;

  rte_eth_conf wanted{};
  wanted.rxmode.mtu = mtu;
  if (receive_queues_ > 1 && (info.flow_type_rss_offloads & kSpread) != 0) {
    wanted.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    wanted.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & kSpread;
  } else {
    receive_queues_ = 1;
  }
  const int error = rte_eth_dev_configure(port_id_, receive_queues_, transmit_queues_, &wanted);
  if (error != 0) return failed(name_, "the device cannot be configured", error);
  return start(settings);
}

std::string DpdkPort::start(const DpdkPortSettings& settings) {
  auto receive_frames =
      static_cast<std::uint16_t>(std::min<std::size_t>(settings.receive_frames, UINT16_MAX));
  std::uint16_t transmit_frames = kTransmitFrames;
  rte_eth_dev_adjust_nb_rx_tx_desc(port_id_, &receive_frames, &transmit_frames);
  int error = 0;
  for (std::uint16_t queue = 0; queue < receive_queues_; ++queue) {
    error = rte_eth_rx_queue_setup(port_id_, queue, receive_frames, kAnyNode, nullptr, pool_.mempool());
    if (error != 0) return failed(name_, "no receive queue", error);
  }
  for (std::uint16_t queue = 0; queue < transmit_queues_; ++queue) {
    error = rte_eth_tx_queue_setup(port_id_, queue, transmit_frames, kAnyNode, nullptr);
    if (error != 0) return failed(name_, "no transmit queue", error);
  }
  if (!settings.start) return {};
  if (error = rte_eth_dev_start(port_id_); error != 0)
    return failed(name_, "the device does not start", error);
  // Some virtual devices are promiscuous by nature and know no such switch.
  error = rte_eth_promiscuous_enable(port_id_);
  if (error != 0 && error != -ENOTSUP) return failed(name_, "the device cannot be promiscuous", error);
  return {};
}

std::size_t DpdkPort::receive(std::uint16_t queue, std::span<wire::Packet> into) {
  std::array<rte_mbuf*, kBurst> burst;
  const std::uint16_t count = rte_eth_rx_burst(port_id_, queue, burst.data(),
                                               static_cast<std::uint16_t>(std::min(kBurst, into.size())));
  std::size_t received = 0;
  for (std::uint16_t i = 0; i < count; ++i) {
    rte_mbuf* mbuf = burst[i]->nb_segs == 1 ? burst[i] : in_one_piece(burst[i]);
    if (mbuf != nullptr) into[received++] = pool_.packet(mbuf);
  }
  return received;
}

/// Joins a frame that came in several buffers; null, and counted, where it does not fit into one.
rte_mbuf* DpdkPort::in_one_piece(rte_mbuf* mbuf) {
  if (rte_pktmbuf_linearize(mbuf) == 0) return mbuf;
  rte_pktmbuf_free(mbuf);
  refused_.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

std::size_t DpdkPort::transmit(std::uint16_t queue, std::span<wire::Packet> packets) {
  std::size_t taken = 0;
  while (taken < packets.size()) {
    const std::span<wire::Packet> part = packets.subspan(taken, std::min(kBurst, packets.size() - taken));
    std::array<rte_mbuf*, kBurst> burst;
    for (std::size_t i = 0; i < part.size(); ++i) burst[i] = pool_.release(part[i]);
    const std::uint16_t sent =
        rte_eth_tx_burst(port_id_, queue, burst.data(), static_cast<std::uint16_t>(part.size()));
    for (std::size_t i = sent; i < part.size(); ++i) part[i] = pool_.packet(burst[i]);
    taken += sent;
    if (sent < part.size()) break;
  }
  return taken;
}

bool DpdkPort::link_up() const {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(port_id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

PortCounters DpdkPort::counters() const {
  rte_eth_stats stats{};
  rte_eth_stats_get(port_id_, &stats);
  PortCounters counters;
  counters.packets_received = stats.ipackets;
  counters.bytes_received = stats.ibytes;
  counters.packets_transmitted = stats.opackets;
  counters.bytes_transmitted = stats.obytes;
  counters.receive_missed = stats.imissed + stats.rx_nombuf;
  counters.receive_refused = stats.ierrors + refused_.load(std::memory_order_relaxed);
  counters.transmit_refused = stats.oerrors;
  return counters;
}

}  // namespace limpid::nic
