// Opens a configured port with whatever drives it. Start-up only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/nic/interface.h"
#include "dataplane/nic/mbuf_pool.h"
#include "dataplane/nic/port.h"
#include "dataplane/nic/runtime.h"

namespace limpid::nic {

inline constexpr std::uint32_t kMtuMax = 16'000;  // of a kernel interface

/// A configured port after the first look, before DPDK runs.
struct PortPlan {
  PortSettings settings;
  InterfaceFacts facts;  // of kernel interfaces
};

/// Looks at each port's interface; appends to `warnings`. The error is a sentence.
Result<std::vector<PortPlan>, std::string> plan_ports(const RuntimeSettings& settings,
                                                      std::vector<std::string>& warnings);

/// The largest frame of all of them, VLAN tags included.
std::size_t frame_bytes_max(const std::vector<PortPlan>& plans);

/// A device, or the kernel in its place, reads and writes packet buffers by itself.
bool need_device_memory(const std::vector<PortPlan>& plans);

/// After start_eal(). `number` is the port's own. The error is a sentence.
Result<std::unique_ptr<Port>, std::string> open_port(const PortPlan& plan, std::size_t number,
                                                     const RuntimeSettings& settings, MbufPool& pool);

}  // namespace limpid::nic
