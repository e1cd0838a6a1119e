#include "control/mirrors.h"

#include <utility>

#include "dataplane/tool/mirror_pcapng.h"
#include "dataplane/tool/mirror_server.h"
#include "dataplane/tool/mirror_tunnel.h"

namespace limpid::control {

namespace {

using Opened = Result<std::unique_ptr<tool::QueuedMirror>, std::string>;

tool::TunnelKind tunnel_kind(config::TunnelKind kind) {
  switch (kind) {
    case config::TunnelKind::kVxlan:
      return tool::TunnelKind::kVxlan;
    case config::TunnelKind::kGre:
      return tool::TunnelKind::kGre;
    case config::TunnelKind::kErspan:
      return tool::TunnelKind::kErspan;
  }
  return tool::TunnelKind::kVxlan;
}

Opened open_target(const config::Tool& tool, const tool::QueuedMirrorSettings& queue, const Clock& clock,
                   tool::Warn warn, std::unique_ptr<tool::Masking> masking) {
  const config::Mirror& mirror = tool.mirror;
  if (!mirror.pcapng.empty()) {
    const config::Rotation& rotate = mirror.rotate;
    return tool::open_pcapng_mirror({.path = mirror.pcapng,
                                     .interface_name = tool.name,
                                     .rotation = {rotate.size_bytes, rotate.every, rotate.keep},
                                     .queue = queue},
                                    clock, std::move(warn), std::move(masking));
  }
  if (mirror.tunnel) {
    const config::Tunnel& tunnel = *mirror.tunnel;
    return tool::open_tunnel_mirror({.kind = tunnel_kind(tunnel.kind),
                                     .collector = tunnel.collector,
                                     .id = tunnel.id,
                                     .mtu = tunnel.mtu,
                                     .queue = queue},
                                    clock, std::move(warn), std::move(masking));
  }
  if (mirror.server) {
    auto server = tool::open_server_mirror({.listen = mirror.server->listen,
                                            .interface_name = tool.name,
                                            .clients_max = mirror.server->clients_max,
                                            .queue = queue},
                                           clock, std::move(warn), std::move(masking));
    if (!server) return Failure{server.error()};
    return std::move(server->mirror);
  }
  return std::unique_ptr<tool::QueuedMirror>();
}

}  // namespace

Opened open_mirror(const config::Tool& tool, const MaskMaker& masks, std::size_t workers, const Clock& clock,
                   tool::Warn warn) {
  tool::QueuedMirrorSettings queue;
  queue.workers = workers;
  const auto named = [name = tool.name, warn = std::move(warn)](std::string_view line) {
    warn("tool " + name + ": " + std::string(line));
  };
  Opened opened = open_target(tool, queue, clock, named, masks.make());
  if (!opened) return Failure{"tool " + tool.name + ": " + opened.error()};
  return opened;
}

std::string mirror_kind(const config::Mirror& mirror) {
  if (mirror.port) return "interface";
  if (mirror.server) return "pcap_over_ip";
  return mirror.tunnel ? std::string(config::name(mirror.tunnel->kind)) : "pcapng";
}

}  // namespace limpid::control
