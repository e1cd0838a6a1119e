// See port_opening.h.
#include "dataplane/nic/port_opening.h"

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "dataplane/nic/dpdk_port.h"
#include "dataplane/nic/memif_port.h"
#include "dataplane/nic/packet_socket_port.h"

namespace limpid::nic {
namespace {

constexpr std::uint32_t kMtuDefault = 1500;  // of what has no interface yet, or none at all

template <typename PortType>
Result<std::unique_ptr<Port>, std::string> as_port(Result<std::unique_ptr<PortType>, std::string> opened) {
  if (!opened) return Failure{opened.error()};
  return std::unique_ptr<Port>(std::move(opened).value());
}

/// A sentence; empty where all is well.
std::string plan_interface(PortPlan& plan, std::vector<std::string>& warnings) {
  const std::string& name = plan.settings.interface;
  auto facts = look_at_interface(name);
  if (!facts) return facts.error();
  plan.facts = *facts;
  if (!facts->up) return "interface " + name + " is down; run: ip link set " + name + " up";
  if (facts->mtu > kMtuMax) {
    return "interface " + name + ": its MTU is " + std::to_string(facts->mtu) +
           ", and limpid takes no more than " + std::to_string(kMtuMax) + "; run: ip link set " + name +
           " mtu " + std::to_string(kMtuMax);
  }
  if (!facts->running) warnings.push_back("interface " + name + " has no carrier yet");
  if (std::string warning = offload_warning(name, *facts); !warning.empty())
    warnings.push_back(std::move(warning));
  return {};
}

/// The EAL's number of a device of its own making; the error is a sentence.
Result<std::uint16_t, std::string> create_device(const PortPlan& plan, std::size_t number) {
  const bool tap = plan.settings.driver == PortDriver::kTap;
  const std::string device = (tap ? "net_tap" : "net_af_xdp") + std::to_string(number);
  const std::string arguments = "iface=" + plan.settings.interface;
  std::uint16_t port_id = 0;
  if (const int error = rte_vdev_init(device.c_str(), arguments.c_str()); error != 0) {
    return Failure{"port " + plan.settings.interface + ": DPDK's driver " + (tap ? "tap" : "af_xdp") +
                   " does not start: " + rte_strerror(-error) + " (it needs root" +
                   (tap ? " and /dev/net/tun)" : ", and a kernel with AF_XDP)")};
  }
  if (rte_eth_dev_get_port_by_name(device.c_str(), &port_id) != 0) {
    return Failure{"port " + plan.settings.interface + ": DPDK made no device of it"};
  }
  return port_id;
}

Result<std::uint16_t, std::string> find_device(const std::string& pci) {
  std::uint16_t port_id = 0;
  if (rte_eth_dev_get_port_by_name(pci.c_str(), &port_id) == 0) return port_id;
  return Failure{
      "port " + pci +
      ": DPDK finds no such network card; is it bound to vfio-pci (`dpdk-devbind.py --status`), and its "
      "driver installed?"};
}

/// The kernel takes buffers of a page at most for AF_XDP, and there is one pool for all ports. A sentence.
std::string check_af_xdp(const std::vector<PortPlan>& plans) {
  if (MbufPool::bytes_of_buffer(frame_bytes_max(plans)) <= static_cast<std::size_t>(getpagesize())) return {};
  for (const PortPlan& plan : plans) {
    if (plan.settings.interface.empty() || plan.settings.driver != PortDriver::kAfXdp) continue;
    return "interface " + plan.settings.interface +
           ": the af_xdp driver cannot be used where a port has an MTU of more than about 3500; use "
           "af_packet";
  }
  return {};
}

/// Another port before this one has the same socket.
bool shares_socket(const RuntimeSettings& settings, std::size_t number) {
  const auto own = settings.ports.begin() + static_cast<std::ptrdiff_t>(number);
  return std::any_of(settings.ports.begin(), own,
                     [own](const PortSettings& other) { return other.memif.socket == own->memif.socket; });
}

/// A process cannot be its own peer: DPDK's driver has one end of each socket. A sentence.
std::string check_memif(const RuntimeSettings& settings) {
  std::map<std::string, MemifRole> roles;
  for (const PortSettings& port : settings.ports) {
    if (port.memif.socket.empty()) continue;
    if (roles.try_emplace(port.memif.socket, port.memif.role).first->second != port.memif.role)
      return "memif " + port.memif.socket + " is used as a server and as a client";
  }
  return {};
}

}  // namespace

Result<std::vector<PortPlan>, std::string> plan_ports(const RuntimeSettings& settings,
                                                      std::vector<std::string>& warnings) {
  std::vector<PortPlan> plans;
  std::set<std::string> names;
  for (const PortSettings& port : settings.ports) {
    if (!names.insert(port.name()).second) return Failure{"port " + port.name() + " is used twice"};
    PortPlan plan;
    plan.settings = port;
    if (!port.pci.empty() || !port.memif.socket.empty()) {
      plan.facts.mtu = kMtuDefault;
    } else if (port.driver == PortDriver::kTap) {
      plan.facts.mtu = kMtuDefault;
      if (look_at_interface(port.interface))
        return Failure{"interface " + port.interface + " exists already: the tap driver makes its own"};
    } else if (std::string error = plan_interface(plan, warnings); !error.empty()) {
      return Failure{std::move(error)};
    }
    plans.push_back(std::move(plan));
  }
  if (std::string error = check_af_xdp(plans); !error.empty()) return Failure{std::move(error)};
  if (std::string error = check_memif(settings); !error.empty()) return Failure{std::move(error)};
  return plans;
}

std::size_t frame_bytes_max(const std::vector<PortPlan>& plans) {
  std::size_t most = 0;
  for (const PortPlan& plan : plans) {
    most = std::max(most, plan.facts.mtu + kLinkHeaderBytes);
  }
  return most;
}

bool need_device_memory(const std::vector<PortPlan>& plans) {
  return std::any_of(plans.begin(), plans.end(), [](const PortPlan& plan) {
    return !plan.settings.pci.empty() || plan.settings.driver == PortDriver::kAfXdp;
  });
}

Result<std::unique_ptr<Port>, std::string> open_port(const PortPlan& plan, std::size_t number,
                                                     const RuntimeSettings& settings, MbufPool& pool) {
  const std::size_t workers = std::max<std::size_t>(settings.cores.size(), 1);
  if (!plan.settings.memif.socket.empty()) {
    return as_port(MemifPort::open({.name = plan.settings.name(),
                                    .memif = plan.settings.memif,
                                    .number = number,
                                    .shares_socket = shares_socket(settings, number),
                                    .mtu = plan.facts.mtu,
                                    .log = settings.news},
                                   pool));
  }
  if (plan.settings.pci.empty() && plan.settings.driver == PortDriver::kAfPacket) {
    return as_port(PacketSocketPort::open({.interface = plan.settings.interface,
                                           .facts = plan.facts,
                                           .receive_frames = settings.receive_frames,
                                           .workers = workers},
                                          pool));
  }
  const auto device =
      plan.settings.pci.empty() ? create_device(plan, number) : find_device(plan.settings.pci);
  if (!device) return Failure{device.error()};
  return as_port(DpdkPort::open({.name = plan.settings.name(),
                                 .port_id = *device,
                                 .mtu = plan.facts.mtu,
                                 .workers = workers,
                                 .receive_frames = settings.receive_frames},
                                pool));
}

}  // namespace limpid::nic
