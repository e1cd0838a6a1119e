#include "dataplane/flow/flow_key.h"

#include "dataplane/base/keyed_hash.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::flow {

namespace {

struct End {
  const std::byte* address;
  std::uint16_t port;
};

/// The two ends and the rest of the tuple -> the key with the lower end first.
KeyOfPacket normalise(End source, End destination, std::size_t address_size, FlowKey rest) {
  int order = std::memcmp(source.address, destination.address, address_size);
  if (order == 0) order = int{source.port} - int{destination.port};
  KeyOfPacket result{.key = rest, .from_low = order <= 0};
  const End& low = result.from_low ? source : destination;
  const End& high = result.from_low ? destination : source;
  std::memcpy(result.key.low_address.data(), low.address, address_size);
  std::memcpy(result.key.high_address.data(), high.address, address_size);
  result.key.low_port = low.port;
  result.key.high_port = high.port;
  return result;
}

}  // namespace

namespace {

KeyOfPacket key_of(const wire::IpView& ip, std::uint16_t source_port, std::uint16_t destination_port,
                   std::uint16_t segment) {
  FlowKey rest;
  rest.segment = segment;
  rest.vlan = ip.vlan;
  rest.inner_vlan = ip.inner_vlan;
  rest.v6 = static_cast<std::uint16_t>(ip.v6);
  return normalise({ip.source_bytes(), source_port}, {ip.destination_bytes(), destination_port},
                   ip.address_size(), rest);
}

}  // namespace

KeyOfPacket key_of(const wire::PacketView& view, std::uint16_t segment) {
  return key_of(view.ip, view.source_port, view.destination_port, segment);
}

KeyOfPacket key_of(const wire::IcmpError& error, std::uint16_t segment) {
  return key_of(error.quoted, error.source_port, error.destination_port, segment);
}

KeyOfPacket key_of(const FlowFacts& facts, std::uint16_t inner_vlan) {
  FlowKey rest;
  rest.segment = facts.segment;
  rest.vlan = facts.vlan;
  rest.inner_vlan = inner_vlan;
  rest.v6 = static_cast<std::uint16_t>(facts.client.ip.is_v6());
  return normalise({facts.client.ip.bytes().data(), facts.client.port},
                   {facts.server.ip.bytes().data(), facts.server.port}, facts.client.ip.bytes().size(), rest);
}

FlowFacts facts_of(const FlowKey& key, bool client_is_low) {
  const auto end = [&key](const std::array<std::byte, 16>& bytes, std::uint16_t port) {
    return SocketAddress{.ip = key.v6 != 0 ? IpAddress::v6(bytes) : IpAddress::v4(Bytes{bytes}.first(4)),
                         .port = port};
  };
  FlowFacts facts;
  facts.client = end(key.low_address, key.low_port);
  facts.server = end(key.high_address, key.high_port);
  if (!client_is_low) std::swap(facts.client, facts.server);
  facts.vlan = key.vlan;
  facts.segment = key.segment;
  return facts;
}

std::uint64_t hash_of(const FlowKey& key, const HashSecret& secret) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&key);
  std::uint64_t state = secret.one;
  state = fold(load64(bytes) ^ state, load64(bytes + 8) ^ secret.other);
  state = fold(load64(bytes + 16) ^ state, load64(bytes + 24) ^ secret.other ^ kOdd1);
  std::uint32_t last = 0;
  std::memcpy(&last, bytes + 40, sizeof last);
  return fold(load64(bytes + 32) ^ state, last ^ secret.other ^ kOdd2);
}

std::uint32_t flow_hash(Bytes frame, std::uint64_t secret, HashOf what) {
  const Result<wire::IpView, Reason> packet = wire::parse_ip(frame);
  if (!packet) return 0;
  // An error goes to the worker of the flow that it is about.
  const std::optional<wire::IcmpError> error = wire::parse_icmp_error(*packet);
  const wire::IpView* const ip = error ? &error->quoted : &*packet;
  std::uint32_t ports = 0;
  const bool has_ports = ip->protocol == wire::kProtocolTcp || ip->protocol == wire::kProtocolUdp;
  const bool wanted = what == HashOf::kAddressesAndPorts;
  if (wanted && has_ports && !ip->fragment && ip->transport_offset + 4 <= packet->end) {
    const std::byte* header = frame.data() + ip->transport_offset;
    // Sums and products of both directions agree, whatever their order.
    const std::uint32_t source = wire::load16(header);
    const std::uint32_t destination = wire::load16(header + 2);
    ports = ((source ^ destination) << 16U) | ((source + destination) & 0xffffU);
  }
  std::array<std::byte, 32> both{};
  std::memcpy(both.data(), ip->source_bytes(), ip->address_size());
  std::memcpy(both.data() + 16, ip->destination_bytes(), ip->address_size());
  const std::uint64_t one = fold(load64(both.data()) ^ secret, load64(both.data() + 8) ^ kOdd1);
  const std::uint64_t other = fold(load64(both.data() + 16) ^ secret, load64(both.data() + 24) ^ kOdd1);
  const std::uint64_t mixed = fold((one + other) ^ secret, (one ^ other) ^ ports ^ kOdd2);
  return static_cast<std::uint32_t>(mixed >> 32U);
}

}  // namespace limpid::flow
