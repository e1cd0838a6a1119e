// MemifPort: shared memory with another process on this machine, through DPDK's net_memif. Beyond what
// DpdkPort does with any device: a client that connects again after its server has gone, counters that
// outlive a connection, a driver that is kept away from rings that workers are using (memif_turns.h), and
// frames that are dropped while nobody is connected. One queue each way, whatever the number of workers: both
// ends have to agree on how many there are, and everybody has one. The peer is trusted: DPDK's driver
// believes the lengths and places that it finds in the shared memory. Threads as in port.h.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/nic/door.h"
#include "dataplane/nic/dpdk_port.h"
#include "dataplane/nic/mbuf_pool.h"
#include "dataplane/nic/memif_turns.h"
#include "dataplane/nic/port.h"
#include "dataplane/nic/runtime.h"

namespace limpid::nic {

struct MemifPortSettings {
  std::string name;  // for messages
  MemifSettings memif;
  std::size_t number = 0;      // no other memif of this process has it
  bool shares_socket = false;  // another one has the socket already
  std::uint32_t mtu = 1500;
  std::function<void(LogLevel, std::string_view)> log;  // a peer comes or goes; may be empty
};

class MemifPort final : public Port, private MemifTurns::Member {
 public:
  /// After start_eal(). A client need not have a server yet. The error is a sentence. `pool` outlives the
  /// port.
  static Result<std::unique_ptr<MemifPort>, std::string> open(const MemifPortSettings& settings,
                                                              MbufPool& pool);
  /// Ends the connection; a server's socket is gone.
  ~MemifPort() override;
  MemifPort(const MemifPort&) = delete;
  MemifPort& operator=(const MemifPort&) = delete;

  std::size_t receive(std::uint16_t queue, std::span<wire::Packet> into) override;
  /// Takes everything while nobody is connected, and drops it.
  std::size_t transmit(std::uint16_t queue, std::span<wire::Packet> packets) override;
  const std::string& name() const override { return device_->name(); }
  std::uint16_t receive_queues() const override { return 1; }
  std::uint16_t transmit_queues() const override { return 1; }
  std::uint16_t mtu() const override { return device_->mtu(); }
  /// Somebody is connected.
  bool link_up() const override { return device_->link_up(); }
  PortCounters counters() const override;

 private:
  struct Counts {
    std::atomic<std::uint64_t> packets{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> refused{0};
  };

  MemifPort(const MemifPortSettings& settings, std::uint16_t port_id, std::unique_ptr<DpdkPort> device,
            MemifTurns& turns);
  static Result<std::unique_ptr<MemifPort>, std::string> open_alone(const MemifPortSettings& settings,
                                                                    MbufPool& pool, MemifTurns& turns);

  // --- MemifTurns::Member ---
  void let_in() override;
  void keep_out() override;
  MemifTurns::Milliseconds look_after() override;

  void tell(bool up);
  void try_again(std::chrono::steady_clock::time_point now);
  std::size_t send(std::span<wire::Packet> packets);
  bool too_long(const wire::Packet& packet) const { return packet.size() > frame_bytes_max_; }

  std::uint16_t port_id_;
  MemifRole role_;
  std::size_t frame_bytes_max_;
  std::function<void(LogLevel, std::string_view)> log_;
  std::unique_ptr<DpdkPort> device_;
  MemifTurns& turns_;
  std::string socket_;
  Door receiving_;
  Door transmitting_;
  Counts received_;
  Counts transmitted_;
  // Of DPDK's interrupt thread.
  bool was_up_ = false;
  bool known_ = false;  // somebody has been connected before
  bool heard_ = false;  // the server has taken our connection, and has said nothing of use yet
  MemifTurns::Milliseconds patience_;
  std::chrono::steady_clock::time_point changed_;
  std::chrono::steady_clock::time_point attempt_;  // the next
};

}  // namespace limpid::nic
