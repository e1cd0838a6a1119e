// FlowKey: the tuple of a flow, the same for both of its directions, with VLANs and segment; and its hash,
// keyed with a secret of this process so that nobody outside can aim at one bucket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/wire/icmp_error.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

/// The lower (address, port) comes first. IPv4 lies in the first four bytes of its field. No padding: keys
/// are compared as bytes.
struct FlowKey {
  std::array<std::byte, 16> low_address{};
  std::array<std::byte, 16> high_address{};
  std::uint16_t low_port = 0;
  std::uint16_t high_port = 0;
  std::uint16_t segment = 0;
  std::uint16_t vlan = 0;
  std::uint16_t inner_vlan = 0;
  std::uint16_t v6 = 0;

  friend bool operator==(const FlowKey& one, const FlowKey& other) {
    return std::memcmp(&one, &other, sizeof one) == 0;
  }
};
static_assert(sizeof(FlowKey) == 44);

/// The key of a packet, and whether its sender is the lower end.
struct KeyOfPacket {
  FlowKey key;
  bool from_low = false;
};

KeyOfPacket key_of(const wire::PacketView& view, std::uint16_t segment);
/// Of the segment that the error quotes.
KeyOfPacket key_of(const wire::IcmpError& error, std::uint16_t segment);
KeyOfPacket key_of(const FlowFacts& facts, std::uint16_t inner_vlan);  // as if the client had sent
FlowFacts facts_of(const FlowKey& key, bool client_is_low);

struct HashSecret {
  std::uint64_t one = 0;
  std::uint64_t other = 0;
};

std::uint64_t hash_of(const FlowKey& key, const HashSecret& secret);

}  // namespace limpid::flow
