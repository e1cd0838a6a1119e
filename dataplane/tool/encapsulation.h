// What stands in front of a mirror's frames on their way through an IP network: VXLAN (RFC 7348), GRE with
// Ethernet inside (RFC 2784, RFC 2890), or ERSPAN type II. The outer IP and UDP headers are the kernel's.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/base/bytes.h"

namespace limpid::tool {

enum class TunnelKind : std::uint8_t { kVxlan, kGre, kErspan };

/// An identifier has 24 bits in VXLAN (the VNI), 32 in GRE (the key, absent unless given) and 10 in ERSPAN
/// (the session).
inline constexpr std::uint32_t kVniMax = 0xffffff;
inline constexpr std::uint32_t kErspanSessionMax = 0x3ff;
inline constexpr std::uint32_t kTunnelIdDefault = 1;
inline constexpr std::uint16_t kVxlanPort = 4'789;

class Encapsulation {
 public:
  Encapsulation(TunnelKind kind, std::optional<std::uint32_t> id) : kind_(kind), id_(id) {}

  /// What goes in front of this frame; valid until the next call.
  Bytes header_of(Bytes frame);
  /// The largest IP packet inside a tagged frame, if the outer one may have `mtu` bytes.
  std::size_t packet_max(std::size_t mtu, bool outer_v6) const;

 private:
  std::size_t header_size() const;
  std::size_t put_gre(std::uint16_t protocol);

  TunnelKind kind_;
  std::optional<std::uint32_t> id_;
  std::uint32_t sequence_ = 0;  // of ERSPAN: the next
  std::array<std::byte, 16> header_{};
};

/// The same for both directions of a connection, and spread over all values: routers and receivers choose
/// paths and cores by the outer source port (RFC 7348 §5).
std::uint32_t flow_entropy(Bytes frame);

}  // namespace limpid::tool
