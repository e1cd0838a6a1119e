// A mirror that serves pcapng streams to whoever connects (pcap over IP): Wireshark, tshark, Arkime and
// Suricata's feeders read a capture from a TCP port. Each client gets what is told from its connection on.
// One that reads too slowly loses packets, whole ones, which is counted; one that is gone is forgotten; none
// ever slows a session.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/queued_mirror.h"

namespace limpid::tool {

struct ServerMirrorSettings {
  SocketAddress listen{};        // port 0: the kernel's choice
  std::string interface_name{};  // the tool's name, as readers show it
  std::size_t clients_max = 4;
  std::size_t waiting_max = std::size_t{4} << 20U;  // bytes for one client
  QueuedMirrorSettings queue{};
};

struct ServerMirror {
  std::unique_ptr<QueuedMirror> mirror;
  SocketAddress address;  // where it listens
};

/// `warn` is called on the mirror's thread. The error is a sentence. `clock` outlives the mirror.
Result<ServerMirror, std::string> open_server_mirror(const ServerMirrorSettings& settings, const Clock& clock,
                                                     Warn warn, std::unique_ptr<Masking> masking = nullptr);

}  // namespace limpid::tool
