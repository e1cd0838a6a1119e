// See memif_port.h.
#include "dataplane/nic/memif_port.h"

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <algorithm>
#include <utility>

#include "dataplane/nic/eal.h"
#include "dataplane/nic/memif_socket.h"

namespace limpid::nic {
namespace {

constexpr std::size_t kBufferBytes = 2048;            // what every memif has unless told otherwise
constexpr std::size_t kLinkHeaderBytes = 14 + 2 * 4;  // Ethernet and two VLAN tags
constexpr int kRingSizeLog2 = 10;
constexpr unsigned kTurnsBetweenAttempts = 50;  // half a second

void add(std::atomic<std::uint64_t>& count, std::uint64_t more) {
  count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

/// Of DPDK's driver: what it says is of use where a device cannot be made. That nobody listens yet is nothing
/// new.
void set_driver_log(std::uint32_t level) {
  const int type = rte_log_register("pmd.net.memif");
  if (type >= 0) rte_log_set_level(static_cast<std::uint32_t>(type), level);
}

/// The EAL's number of the device; the error is a sentence.
Result<std::uint16_t, std::string> create_device(const MemifPortSettings& settings) {
  const MemifSettings& memif = settings.memif;
  const bool server = memif.role == MemifRole::kServer;
  if (server && !settings.shares_socket) {
    if (std::string error = clear_way_of_server(memif.socket); !error.empty())
      return Failure{"port " + settings.name + ": " + error};
  }
  // The driver takes a path for one only where it sees a folder.
  const std::string socket = (memif.socket.find('/') == std::string::npos ? "./" : "") + memif.socket;
  const std::string device = "net_memif" + std::to_string(settings.number);
  const std::string arguments = std::string("role=") + (server ? "server" : "client") +
                                ",id=" + std::to_string(memif.id) + ",socket=" + socket +
                                ",socket-abstract=no,bsize=" + std::to_string(kBufferBytes) +
                                ",rsize=" + std::to_string(kRingSizeLog2);
  set_driver_log(RTE_LOG_ERR);
  if (rte_vdev_init(device.c_str(), arguments.c_str()) != 0) {
    const std::string why = last_eal_error();
    return Failure{"port " + settings.name + ": DPDK's driver memif does not start" +
                   (why.empty() ? "" : " (" + why + ")") +
                   "; is its folder there and writable, and the driver (librte-net-memif) installed?"};
  }
  std::uint16_t port_id = 0;
  if (rte_eth_dev_get_port_by_name(device.c_str(), &port_id) == 0) return port_id;
  return Failure{"port " + settings.name + ": DPDK made no device of it"};
}

}  // namespace

Result<std::unique_ptr<MemifPort>, std::string> MemifPort::open(const MemifPortSettings& settings,
                                                                MbufPool& pool) {
  if (settings.mtu + kLinkHeaderBytes > kBufferBytes)
    return Failure{"port " + settings.name + ": a memif takes no MTU of " + std::to_string(settings.mtu)};
  auto turns = MemifTurns::shared();
  if (!turns) return Failure{turns.error()};
  const auto port_id = create_device(settings);
  if (!port_id) return Failure{port_id.error()};
  auto device = DpdkPort::open(
      {.name = settings.name, .port_id = *port_id, .mtu = settings.mtu, .workers = 1, .start = false}, pool);
  if (!device) return Failure{device.error()};
  return std::unique_ptr<MemifPort>(
      new MemifPort(settings, *port_id, std::move(device).value(), std::move(turns).value()));
}

MemifPort::MemifPort(const MemifPortSettings& settings, std::uint16_t port_id,
                     std::unique_ptr<DpdkPort> device, std::shared_ptr<MemifTurns> turns)
    : port_id_(port_id),
      role_(settings.memif.role),
      frame_bytes_max_(settings.mtu + kLinkHeaderBytes),
      log_(settings.log),
      device_(std::move(device)),
      turns_(std::move(turns)) {
  connect();
  turns_->add(*this);
}

MemifPort::~MemifPort() { turns_->remove(*this); }

// --- DPDK's interrupt thread
// --------------------------------------------------------------------------------

void MemifPort::let_in() {
  receiving_.open();
  transmitting_.open();
}

void MemifPort::keep_out() {
  receiving_.shut();
  transmitting_.shut();
}

/// Links change between turns only: a worker that sees this one down stays out of the device meanwhile.
bool MemifPort::look_after() {
  const bool up = link_up();
  if (up != was_up_) tell(up);
  was_up_ = up;
  turns_down_ = up ? 0 : turns_down_ + 1;
  if (role_ == MemifRole::kClient && turns_down_ >= kTurnsBetweenAttempts) {
    turns_down_ = 0;
    connect();
  }
  return up;
}

/// The driver's client tries once, when its device starts. A server waits for ever.
void MemifPort::connect() {
  set_driver_log(RTE_LOG_CRIT);
  rte_eth_dev_stop(port_id_);
  rte_eth_dev_start(port_id_);
  set_driver_log(RTE_LOG_ERR);
}

void MemifPort::tell(bool up) {
  if (!log_) return;
  const LogLevel level = up && !known_ ? LogLevel::kInfo : LogLevel::kWarning;
  const std::string what = up ? (known_ ? "somebody is connected again" : "somebody is connected")
                              : "nobody is connected any more: what is sent here is lost";
  log_(level, "port " + name() + ": " + what);
  known_ = true;
}

// --- Workers
// ------------------------------------------------------------------------------------------------

std::size_t MemifPort::receive(std::uint16_t queue, std::span<wire::Packet> into) {
  if (!receiving_.enter()) return 0;
  const std::size_t count = link_up() ? device_->receive(queue, into) : 0;
  receiving_.leave();
  std::size_t received = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (too_long(into[i])) {
      into[i] = {};
      add(received_.refused, 1);
      continue;
    }
    bytes += into[i].size();
    if (i != received) into[received] = std::move(into[i]);
    ++received;
  }
  add(received_.packets, received);
  add(received_.bytes, bytes);
  return received;
}

std::size_t MemifPort::transmit(std::uint16_t queue, std::span<wire::Packet> packets) {
  static_cast<void>(queue);
  if (!transmitting_.enter()) return 0;
  std::size_t taken = packets.size();
  if (link_up()) {
    taken = send(packets);
  } else {
    for (wire::Packet& packet : packets) packet = {};
    add(transmitted_.refused, packets.size());
  }
  transmitting_.leave();
  return taken;
}

/// How many are gone: sent, or refused for ever.
std::size_t MemifPort::send(std::span<wire::Packet> packets) {
  std::size_t gone = 0;
  while (gone < packets.size()) {
    const auto rest = packets.subspan(gone);
    if (too_long(rest.front())) {
      rest.front() = {};
      add(transmitted_.refused, 1);
      ++gone;
      continue;
    }
    const auto end =
        std::find_if(rest.begin(), rest.end(), [this](const wire::Packet& each) { return too_long(each); });
    const auto run = rest.first(static_cast<std::size_t>(end - rest.begin()));
    std::uint64_t bytes = 0;
    for (const wire::Packet& packet : run) bytes += packet.size();
    const std::size_t sent = device_->transmit(0, run);
    for (const wire::Packet& packet : run.subspan(sent)) bytes -= packet.size();
    add(transmitted_.packets, sent);
    add(transmitted_.bytes, bytes);
    gone += sent;
    if (sent < run.size()) break;
  }
  return gone;
}

PortCounters MemifPort::counters() const {
  PortCounters counters;
  counters.packets_received = received_.packets.load(std::memory_order_relaxed);
  counters.bytes_received = received_.bytes.load(std::memory_order_relaxed);
  counters.receive_refused =
      received_.refused.load(std::memory_order_relaxed) + device_->counters().receive_refused;
  counters.packets_transmitted = transmitted_.packets.load(std::memory_order_relaxed);
  counters.bytes_transmitted = transmitted_.bytes.load(std::memory_order_relaxed);
  counters.transmit_refused = transmitted_.refused.load(std::memory_order_relaxed);
  return counters;
}

}  // namespace limpid::nic
