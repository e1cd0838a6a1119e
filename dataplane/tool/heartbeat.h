// Heartbeats: the frames that limpid sends through an inline tool to see that it passes traffic, and those
// that it must not pass. An ordinary UDP datagram between two addresses that belong to nobody, so that an IPS
// has no reason to drop it; or, for tools that want it so, an EtherType of its own. Made once, numbered when
// sent. The frames of one tool and direction differ in their number only; a token of this process tells them
// from what anybody else sends. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/bytes.h"

namespace limpid::tool {

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;

struct HeartbeatFrameSettings {
  std::array<std::byte, 4> address_a{};  // IPv4: who speaks at side A, and who at side B
  std::array<std::byte, 4> address_b{};
  std::uint16_t port = 0;                    // UDP, of source and destination
  std::uint16_t ethertype = kEtherTypeIpv4;  // another one: neither IP nor UDP, the contents alone
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
  std::optional<Bytes> contents_of(Bytes frame) const;

  HeartbeatFrameSettings settings_;
  std::array<Frame, 2> positive_;
  std::array<Frame, 2> negative_;
  std::array<Frame, 2> contents_;  // of the positive ones, up to their number
};

}  // namespace limpid::tool
