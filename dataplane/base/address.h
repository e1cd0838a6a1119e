// IP addresses, prefixes and the facts that name a TCP flow. Values; no thread owns them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace limpid {

/// An IPv4 or IPv6 address. IPv4 is kept in its own four bytes, never as a mapped IPv6 address.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  static IpAddress v4(Bytes four_bytes);
  static IpAddress v6(Bytes sixteen_bytes);
  /// "192.0.2.1" or "2001:db8::1"; nothing else (no brackets, zone or port).
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v6() const { return v6_; }
  /// Four or sixteen bytes in network order.
  Bytes bytes() const { return {bytes_.data(), v6_ ? std::size_t{16} : std::size_t{4}}; }
  std::string text() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend std::strong_ordering operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool v6_ = false;
  std::array<std::byte, 16> bytes_{};
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// "192.0.2.1:443" or "[2001:db8::1]:443".
  static std::optional<SocketAddress> parse(std::string_view text);
  std::string text() const;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
  friend std::strong_ordering operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;

  /// "10.0.0.0/8", or an address alone, which means its full length. Bits beyond the length must be zero.
  static std::optional<IpPrefix> parse(std::string_view text);
  bool contains(const IpAddress& ip) const;
  std::string text() const;
  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

/// What is known of a flow from its SYN. `client` is who sent the SYN.
struct FlowFacts {
  SocketAddress client;
  SocketAddress server;
  std::uint16_t vlan = 0;     // outermost VLAN identifier, 1 to 4094; 0: untagged
  std::uint16_t segment = 0;  // index into the configuration's segments

  friend bool operator==(const FlowFacts&, const FlowFacts&) = default;
};

}  // namespace limpid
