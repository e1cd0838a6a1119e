// Runtime: DPDK, started once in the life of a process from our configuration and never from argv: memory
// (hugepages where the machine has them, ordinary pages otherwise), the packet pool, and the ports. Nothing
// of DPDK is visible here. Made by control/ before any worker starts, destroyed after the last has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/nic/port.h"
#include "dataplane/wire/packet.h"

namespace limpid::nic {

enum class PortDriver : std::uint8_t { kAfPacket, kAfXdp, kTap };

enum class MemifRole : std::uint8_t { kServer, kClient };

/// Shared memory with another process on this machine. A server makes the socket, and waits there for its
/// client; a client connects to it, again and again until somebody is there.
struct MemifSettings {
  std::string socket;  // path; empty: no memif
  MemifRole role = MemifRole::kServer;
  std::uint32_t id = 0;  // tells those of one socket apart
};

/// Exactly one of `interface`, `pci` and `memif` is set.
struct PortSettings {
  std::string interface;                      // of the kernel, in this process's network namespace
  PortDriver driver = PortDriver::kAfPacket;  // of `interface`; kTap creates the interface
  std::string pci;                            // "0000:3b:00.0", bound to vfio-pci
  MemifSettings memif{};

  /// In the words of the configuration: for messages and statistics.
  std::string name() const;
};

/// Importance of a line from DPDK.
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct RuntimeSettings {
  std::vector<std::uint16_t> cores{1};                   // one worker each
  std::uint64_t memory_bytes = std::uint64_t{1} << 30U;  // for packet buffers, all of it taken at start
  /// This part of the buffers, in per cent, is kept for frames that arrive: allocate() refuses it.
  std::uint32_t forwarding_reserve_percent = 25;
  std::vector<PortSettings> ports;      // their order is their number
  std::uint32_t receive_frames = 4096;  // each port can keep while a worker is busy
  /// Called on whatever thread DPDK logs from, without a newline at the end. Empty: DPDK is silent.
  std::function<void(LogLevel, std::string_view)> log;
  /// Who comes and goes at the other end of a port: whole sentences for the operator, on any thread. May be
  /// empty.
  std::function<void(LogLevel, std::string_view)> news;
};

class Runtime {
 public:
  /// Second and later calls in one process fail: DPDK cannot be started twice. The error is a sentence for
  /// the operator that names the port, where it is about one, and what to do.
  static Result<std::unique_ptr<Runtime>, std::string> start(const RuntimeSettings& settings);
  /// Stops and closes the ports. Every Packet must be gone, and every worker's thread.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::size_t ports() const;
  Port& port(std::size_t index);
  /// The only pool. Any worker's thread may use it and free packets that came from another.
  wire::PacketPool& pool();
  /// What the operator should know though everything started: offloads that are still on, links that are
  /// down, no hugepages beside a PCI device. Whole sentences.
  const std::vector<std::string>& warnings() const;

  /// Called first on the thread of worker number `worker`: names it, makes it known to DPDK so that it has a
  /// cache of buffers, and pins it to its core. The error is a sentence; the worker can run nevertheless, on
  /// any core or without a cache.
  Result<bool, std::string> enter_worker(std::size_t worker);
  /// Called last on that thread, when its packets are gone or handed on.
  void leave_worker();

 private:
  class State;
  explicit Runtime(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace limpid::nic
