// HeaderTemplate: everything in front of the TCP header of the frames that limpid makes in the name of one
// side: MAC addresses, VLAN tags, addresses, TTL, DSCP, flow label, ports. Learned from the latest valid
// frame of that side, so that a failover of its router (another MAC) is followed. A value, about 80 bytes.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::wire {

class HeaderTemplate {
 public:
  /// Speaks as the frame's sender to its receiver.
  void learn(const PacketView& view);
  /// Speaks as the frame's receiver to its sender: for answers where no frame of the receiver is known.
  void learn_mirrored(const PacketView& view);

  /// What a mirrored header cannot know of the receiver's own frames.
  struct Manner {
    std::uint8_t hops = 64;  // TTL or hop limit
    std::uint8_t dscp = 0;

    friend bool operator==(const Manner&, const Manner&) = default;
  };
  Manner manner() const;
  void set_manner(Manner manner);

  /// What stands in front of the IP header: MAC addresses and tags.
  struct Link {
    std::array<std::byte, kEthernetSize + 2 * kVlanTagSize> bytes{};
    std::uint8_t size = 0;

    friend bool operator==(const Link&, const Link&) = default;
  };
  Link link() const;
  /// Speaks as `from` to `to` over a link that was learned at another time; both addresses are of one family.
  /// Not known() where the link has no size that a link can have.
  static HeaderTemplate over(const Link& link, const SocketAddress& from, const SocketAddress& to);

  bool known() const { return size_ != 0; }
  /// Ethernet, tags and IP (without options), in bytes.
  std::size_t size() const { return size_; }
  /// VLAN tags, in bytes.
  std::size_t tags_size() const { return ip_offset_ - kEthernetSize; }
  bool v6() const { return v6_; }
  void set_ports(std::uint16_t source, std::uint16_t destination) {
    source_port_ = source;
    destination_port_ = destination;
  }
  std::uint16_t source_port() const { return source_port_; }
  std::uint16_t destination_port() const { return destination_port_; }

  /// Writes size() bytes for a packet that carries `segment_size` bytes of TCP. `ect`: the ECN field says
  /// ECT(0), otherwise nothing.
  void write(MutableBytes into, std::size_t segment_size, bool ect = false);
  /// Source and destination address side by side.
  Bytes addresses() const;

 private:
  std::array<std::byte, kEthernetSize + 2 * kVlanTagSize + kIpv6Size> header_{};
  std::uint8_t ip_offset_ = 0;
  std::uint8_t size_ = 0;
  bool v6_ = false;
  std::uint16_t source_port_ = 0;
  std::uint16_t destination_port_ = 0;
  std::uint16_t identification_ = 0;  // of the next IPv4 packet; without meaning under DF (RFC 6864 §4.1)
};

}  // namespace limpid::wire
