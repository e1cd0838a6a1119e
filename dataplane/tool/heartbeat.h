// Heartbeats: the frames that limpid sends through an inline tool to see that it passes traffic, and those
// that it must not pass. An ordinary UDP datagram between two addresses that belong to nobody, so that an IPS
// has no reason to drop it; or, for tools that want it so, an EtherType of its own. With a tag, where that is
// how the tool's wires look; it then has to come back with it. Made once, numbered when sent. The frames of
// one tool and direction differ in their number only; a token of this process tells them from what anybody
// else sends. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/wire/ethertype.h"

namespace limpid::tool {

struct HeartbeatFrameSettings {
  IpAddress address_a{};  // who speaks at side A, and who at side B: both IPv4 or both IPv6
  IpAddress address_b{};
  std::uint16_t port = 0;                          // UDP, of source and destination
  std::uint16_t ethertype = wire::kEtherTypeIpv4;  // another one: neither IP nor UDP, the contents alone
  std::uint16_t vlan = 0;                          // 1 to 4094; 0: no tag
  std::uint16_t tool = 0;   // its number: tools on one switch have MAC addresses of their own
  std::string negative{};   // contents that the tool must stop; empty: there are no such frames
  std::uint64_t token = 0;  // random
};

/// The way of a heartbeat through the tool.
enum class HeartbeatWay : std::uint8_t { kAToB, kBToA };

class HeartbeatFrames {
 public:
  explicit HeartbeatFrames(const HeartbeatFrameSettings& settings);

  /// Valid until the next call.
  Bytes numbered(HeartbeatWay way, std::uint64_t number);
  bool has_negative() const { return !negative_[0].empty(); }
  Bytes negative(HeartbeatWay way) const { return negative_[static_cast<std::size_t>(way)]; }

  struct Recognised {
    bool negative = false;
    std::uint64_t number = 0;  // of one that is not negative
  };
  /// A frame that came out of the tool at the end of this way. Whatever the tool did to its Ethernet header
  /// and TTL, the contents tell; nullopt: none of ours. Any thread.
  std::optional<Recognised> recognise(Bytes frame, HeartbeatWay way) const;

 private:
  using Frame = std::vector<std::byte>;
  bool datagram() const { return settings_.ethertype == wire::kEtherTypeIpv4; }
  Frame frame_of(HeartbeatWay way, Bytes contents) const;
  void put_ip_header(Frame& frame, HeartbeatWay way, std::size_t datagram_size) const;
  void put_checksums(Frame& frame) const;
  std::optional<Bytes> contents_of(Bytes frame) const;

  HeartbeatFrameSettings settings_;
  std::size_t ip_at_;        // where the IP header begins, or what stands in its place
  std::size_t contents_at_;  // and the contents
  std::array<Frame, 2> positive_;
  std::array<Frame, 2> negative_;
  std::array<Frame, 2> contents_;  // of the positive ones, up to their number
};

}  // namespace limpid::tool
