#include "dataplane/tool/flow_hash.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/keyed_hash.h"

namespace limpid::tool {

std::uint64_t flow_hash(const FlowFacts& flow, std::uint64_t secret) {
  std::array<std::byte, 40> bytes{};
  const auto client = flow.client.ip.bytes();
  const auto server = flow.server.ip.bytes();
  std::copy(client.begin(), client.end(), bytes.begin());
  std::copy(server.begin(), server.end(), bytes.begin() + 16);
  const std::array<std::uint16_t, 4> rest{flow.client.port, flow.server.port, flow.vlan,
                                          static_cast<std::uint16_t>(flow.client.ip.is_v6())};
  std::copy_n(reinterpret_cast<const std::byte*>(rest.data()), sizeof rest, bytes.begin() + 32);
  return keyed_hash(bytes, secret);
}

std::uint64_t symmetric_flow_hash(const FlowFacts& flow, std::uint64_t secret) {
  return flow_hash(ordered(flow), secret);
}

FlowFacts ordered(FlowFacts flow) {
  if (flow.server < flow.client) std::swap(flow.client, flow.server);
  return flow;
}

FlowFacts hosts_of(const wire::IpView& ip) {
  return {.client = {ip.source(), 0}, .server = {ip.destination(), 0}, .vlan = ip.vlan};
}

}  // namespace limpid::tool
