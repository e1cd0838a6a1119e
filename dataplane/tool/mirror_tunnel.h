// A mirror that sends the plaintext of sessions through an IP network to a collector: each packet in VXLAN,
// GRE or ERSPAN. Outer packets have `mtu` bytes at most and are never fragmented; their headers are the
// kernel's, and so is their route. What the kernel does not take is lost and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/encapsulation.h"
#include "dataplane/tool/queued_mirror.h"

namespace limpid::tool {

struct TunnelMirrorSettings {
  TunnelKind kind = TunnelKind::kVxlan;
  SocketAddress collector{};  // the port is VXLAN's; 0 for the others
  std::optional<std::uint32_t> id{};
  std::size_t mtu = 1'500;  // of the path to the collector
  QueuedMirrorSettings queue{};
};

/// `warn` is called on the mirror's thread. The error is a sentence. `clock` outlives the mirror.
Result<std::unique_ptr<QueuedMirror>, std::string> open_tunnel_mirror(
    const TunnelMirrorSettings& settings, const Clock& clock, Warn warn,
    std::unique_ptr<Masking> masking = nullptr);

}  // namespace limpid::tool
