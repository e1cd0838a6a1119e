// DpdkPort: a port that DPDK drives: a network card by its PCI address, or one of DPDK's drivers for kernel
// interfaces (af_xdp, tap), or shared memory (see memif_port.h). Threads as in port.h.
#pragma once

#include <rte_ethdev.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/nic/mbuf_pool.h"
#include "dataplane/nic/port.h"

namespace limpid::nic {

struct DpdkPortSettings {
  std::string name;  // for messages
  std::uint16_t port_id = 0;
  std::uint32_t mtu = 1500;
  std::size_t workers = 1;
  std::size_t receive_frames = 0;
  bool start = true;  // false: its owner starts and stops the device
};

class DpdkPort final : public Port {
 public:
  /// Configures the device, and starts it unless the settings say otherwise. The error is a sentence. `pool`
  /// outlives the port.
  static Result<std::unique_ptr<DpdkPort>, std::string> open(const DpdkPortSettings& settings,
                                                             MbufPool& pool);
  /// Stops and closes the device.
  ~DpdkPort() override;
  DpdkPort(const DpdkPort&) = delete;
  DpdkPort& operator=(const DpdkPort&) = delete;

  std::size_t receive(std::uint16_t queue, std::span<wire::Packet> into) override;
  std::size_t transmit(std::uint16_t queue, std::span<wire::Packet> packets) override;
  const std::string& name() const override { return name_; }
  std::uint16_t receive_queues() const override { return receive_queues_; }
  std::uint16_t transmit_queues() const override { return transmit_queues_; }
  std::uint16_t mtu() const override { return mtu_; }
  bool link_up() const override;
  PortCounters counters() const override;

 private:
  static constexpr std::size_t kBurst = 64;

  DpdkPort(const DpdkPortSettings& settings, MbufPool& pool);
  std::string configure(const DpdkPortSettings& settings);
  std::string start(const DpdkPortSettings& settings);
  rte_mbuf* in_one_piece(rte_mbuf* mbuf);

  std::string name_;
  std::uint16_t port_id_;
  std::uint16_t mtu_ = 0;
  std::uint16_t receive_queues_ = 1;
  std::uint16_t transmit_queues_ = 1;
  MbufPool& pool_;
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace limpid::nic
