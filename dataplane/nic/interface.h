// What the kernel says about a network interface, and what an operator has to change before limpid can use
// it. Start-up only; no thread of its own.
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/base/result.h"

namespace limpid::nic {

struct InterfaceFacts {
  int index = 0;
  std::uint32_t mtu = 0;
  bool up = false;
  bool running = false;  // has a carrier
  bool veth = false;
  // Offloads that are on.
  bool transmit_checksum = false;
  bool receive_checksum = false;
  bool tso = false;
  bool gso = false;
  bool gro = false;
  bool lro = false;
};

/// The error is a sentence: the interface does not exist, or is not Ethernet.
Result<InterfaceFacts, std::string> look_at_interface(const std::string& name);

/// As `ip link set NAME up` or `down`. The error is a sentence.
Result<bool, std::string> set_interface(const std::string& name, bool up);

/// A sentence with the command to type, where offloads are on that let frames arrive half-finished or merged;
/// empty where all is well. A hardware port finishes checksums by itself: only merging matters there.
std::string offload_warning(const std::string& name, const InterfaceFacts& facts);

}  // namespace limpid::nic
