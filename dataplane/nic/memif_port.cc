// See memif_port.h.
#include "dataplane/nic/memif_port.h"

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "dataplane/nic/eal.h"
#include "dataplane/nic/memif_socket.h"

namespace limpid::nic {
namespace {

constexpr std::size_t kBufferBytes = 2048;  // what every memif has unless told otherwise
constexpr int kRingSizeLog2 = 10;

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// Of a client: where nobody listens; and where somebody has taken the connection, but gives no answer. Each
// attempt takes one of the few places in which a server that is stopped keeps those who connect.
constexpr milliseconds kBetweenAttempts{500};
constexpr milliseconds kPatienceMin{3'000};
constexpr milliseconds kPatienceMax{60'000};
// How long the driver's sockets may wait: while a connection is being made, or has just gone; while nobody is
// there; and otherwise. Where the thread has to wait for its core then, workers wait with it.
constexpr milliseconds kPauseInProgress{10};
constexpr milliseconds kPauseAlone{50};
constexpr milliseconds kPause{200};
constexpr milliseconds kProgress{1'000};

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
  const mode_t before = umask(0177);  // who connects is trusted: nobody but this user
  const int made = rte_vdev_init(device.c_str(), arguments.c_str());
  umask(before);
  if (made != 0) {
    const std::string why = last_eal_error();
    return Failure{"port " + settings.name + ": DPDK's driver memif does not start" +
                   (why.empty() ? "" : " (" + why + ")") +
                   "; is its folder there and writable, and the driver (librte-net-memif) installed?"};
  }
  std::uint16_t port_id = 0;
  if (rte_eth_dev_get_port_by_name(device.c_str(), &port_id) == 0) return port_id;
  return Failure{"port " + settings.name + ": DPDK made no device of it"};
}

/// The driver's client tries once to connect, when its device starts. A server waits for ever.
bool start_device(std::uint16_t port_id) {
  set_driver_log(RTE_LOG_CRIT);
  rte_eth_dev_stop(port_id);
  const bool started = rte_eth_dev_start(port_id) == 0;
  set_driver_log(RTE_LOG_ERR);
  return started;
}

}  // namespace

Result<std::unique_ptr<MemifPort>, std::string> MemifPort::open(const MemifPortSettings& settings,
                                                                MbufPool& pool) {
  if (settings.mtu + kLinkHeaderBytes > kBufferBytes)
    return Failure{"port " + settings.name + ": a memif takes no MTU of " + std::to_string(settings.mtu)};
  const auto turns = MemifTurns::shared();
  if (!turns) return Failure{turns.error()};
  std::optional<Result<std::unique_ptr<MemifPort>, std::string>> opened;
  (*turns)->alone([&] { opened.emplace(open_alone(settings, pool, **turns)); });
  if (opened->ok()) (*turns)->add(***opened);
  return std::move(*opened);
}

Result<std::unique_ptr<MemifPort>, std::string> MemifPort::open_alone(const MemifPortSettings& settings,
                                                                      MbufPool& pool, MemifTurns& turns) {
  const auto port_id = create_device(settings);
  if (!port_id) return Failure{port_id.error()};
  auto device = DpdkPort::open(
      {.name = settings.name, .port_id = *port_id, .mtu = settings.mtu, .workers = 1, .start = false}, pool);
  if (!device) return Failure{device.error()};
  const bool server = settings.memif.role == MemifRole::kServer;
  const bool started = start_device(*port_id);
  if (!started && server)
    return Failure{"port " + settings.name + ": DPDK's driver memif does not listen at its socket"};
  std::unique_ptr<MemifPort> port(new MemifPort(settings, *port_id, std::move(device).value(), turns));
  port->heard_ = started && !server;
  if (port->heard_) port->attempt_ = port->changed_ + kPatienceMin;
  if (settings.log) {
    settings.log(LogLevel::kInfo,
                 "port " + settings.name + ": " + (server ? "waits for a client" : "looks for its server"));
  }
  return port;
}

MemifPort::MemifPort(const MemifPortSettings& settings, std::uint16_t port_id,
                     std::unique_ptr<DpdkPort> device, MemifTurns& turns)
    : port_id_(port_id),
      role_(settings.memif.role),
      frame_bytes_max_(settings.mtu + kLinkHeaderBytes),
      log_(settings.log),
      device_(std::move(device)),
      turns_(turns),
      socket_(settings.memif.socket),
      patience_(kPatienceMin),
      changed_(SteadyClock::now()),
      attempt_(changed_ + kBetweenAttempts) {}

MemifPort::~MemifPort() {
  turns_.remove(*this);
  turns_.alone([this] { device_.reset(); });
}

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
milliseconds MemifPort::look_after() {
  const SteadyClock::time_point now = SteadyClock::now();
  const bool up = link_up();
  if (up != was_up_) {
    tell(up);
    was_up_ = up;
    heard_ = false;
    patience_ = kPatienceMin;
    changed_ = now;
    attempt_ = now + kBetweenAttempts;
  }
  if (!up && role_ == MemifRole::kClient && now >= attempt_) try_again(now);
  if (heard_ || now - changed_ < kProgress) return kPauseInProgress;
  return up ? kPause : kPauseAlone;
}

/// A server that has taken a connection and is silent may be stopped, and its places taken: connect(2) of the
/// driver's would wait then, and all ports with it.
void MemifPort::try_again(SteadyClock::time_point now) {
  if (heard_ && !takes_connections(socket_)) {
    attempt_ = now + patience_;
    return;
  }
  changed_ = now;
  heard_ = start_device(port_id_);
  attempt_ = now + (heard_ ? patience_ : kBetweenAttempts);
  if (heard_) patience_ = std::min(patience_ * 2, kPatienceMax);
}

void MemifPort::tell(bool up) {
  if (!log_) return;
  const LogLevel level = up ? LogLevel::kInfo : LogLevel::kWarning;
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
