// The order of start-up: look at the ports, start DPDK, make the pool, open the ports. See runtime.h.
#include "dataplane/nic/runtime.h"

#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <sched.h>

#include <atomic>
#include <cstring>
#include <system_error>
#include <utility>

#include "dataplane/nic/eal.h"
#include "dataplane/nic/mbuf_pool.h"
#include "dataplane/nic/port_opening.h"

namespace limpid::nic {

std::string PortSettings::name() const {
  if (!pci.empty()) return pci;
  if (memif.socket.empty()) return interface;
  return memif.id == 0 ? memif.socket : memif.socket + "#" + std::to_string(memif.id);
}

class Runtime::State {
 public:
  explicit State(const RuntimeSettings& settings) : settings_(settings) {}
  ~State() {
    ports_.clear();
    pool_.reset();
    if (eal_started_) stop_eal();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// A sentence; empty where all is well.
  std::string start();

  RuntimeSettings settings_;
  bool eal_started_ = false;
  std::unique_ptr<MbufPool> pool_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::string> warnings_;
};

std::string Runtime::State::start() {
  const auto ports = plan_ports(settings_, warnings_);
  if (!ports) return ports.error();
  const auto eal = plan_eal(settings_, look_at_machine());
  if (!eal) return eal.error();

  static std::atomic<bool> started_before{false};
  if (started_before.exchange(true))
    return "DPDK has been started in this process before, and cannot start again";
  if (std::string error = start_eal(*eal, settings_.log); !error.empty()) return error;
  eal_started_ = true;

  auto pool = MbufPool::create({.memory_bytes = settings_.memory_bytes,
                                .frame_bytes_max = frame_bytes_max(*ports),
                                .reserve_percent = settings_.forwarding_reserve_percent,
                                .workers = settings_.cores.size(),
                                .for_devices = need_device_memory(*ports)});
  if (!pool) return pool.error();
  pool_ = std::move(pool).value();

  for (const PortPlan& plan : *ports) {
    auto port = open_port(plan, ports_.size(), settings_, *pool_);
    if (!port) return port.error();
    ports_.push_back(std::move(port).value());
    if (!plan.settings.pci.empty() && !eal->huge) {
      warnings_.push_back(
          "port " + plan.settings.pci +
          ": there are no free hugepages for dataplane.memory; a network card is slower without");
    }
  }
  return {};
}

Result<std::unique_ptr<Runtime>, std::string> Runtime::start(const RuntimeSettings& settings) {
  if (settings.cores.empty()) return Failure{std::string("no core is given to any worker")};
  auto state = std::make_unique<State>(settings);
  if (std::string error = state->start(); !error.empty()) return Failure{std::move(error)};
  return std::unique_ptr<Runtime>(new Runtime(std::move(state)));
}

Runtime::Runtime(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runtime::~Runtime() = default;

std::size_t Runtime::ports() const { return state_->ports_.size(); }
Port& Runtime::port(std::size_t index) { return *state_->ports_[index]; }
wire::PacketPool& Runtime::pool() { return *state_->pool_; }
const std::vector<std::string>& Runtime::warnings() const { return state_->warnings_; }

Result<bool, std::string> Runtime::enter_worker(std::size_t worker) {
  if (rte_thread_register() != 0) {
    return Failure{"worker " + std::to_string(worker) +
                   " cannot be made known to DPDK: " + rte_strerror(rte_errno)};
  }
  pthread_setname_np(pthread_self(), ("limpid-" + std::to_string(worker)).c_str());
  const std::uint16_t core = state_->settings_.cores[worker];
  cpu_set_t only;
  CPU_ZERO(&only);
  if (core < CPU_SETSIZE) CPU_SET(core, &only);
  if (const int error = pthread_setaffinity_np(pthread_self(), sizeof only, &only); error != 0) {
    return Failure{"dataplane.cores: worker " + std::to_string(worker) + " cannot run on core " +
                   std::to_string(core) + ": " + std::generic_category().message(error)};
  }
  return true;
}

void Runtime::leave_worker() { rte_thread_unregister(); }

}  // namespace limpid::nic
