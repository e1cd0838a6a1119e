// TcpStory: tells one session's plaintext as the TCP connection that it would have been without TLS: a
// handshake, segments with right sequence numbers and checksums, acknowledgements, FIN or RST. Addresses,
// ports and VLAN are the flow's own; MAC addresses are made from the IP addresses (locally administered, the
// same for ever). Readers such as tshark and Suricata follow it without a gap.
// Pure: no thread of its own, no clock. Used by one thread at a time: the pcapng writer's or a worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/tool/plaintext_tap.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/tcp_options.h"

namespace limpid::tool {

inline constexpr std::size_t kPacketMax = 1'500;  // of a story: an IP packet on Ethernet

/// Takes the frames of stories. `frame` is valid during the call only.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void on_frame(Bytes frame, WallTime when) = 0;
};

class TcpStory {
 public:
  /// Begins with SYN, SYN-ACK and ACK, all at `when`, told to `sink`. `packet_max`: bytes of its IP packets,
  /// 1500 at most.
  TcpStory(const FlowFacts& facts, WallTime when, FrameSink& sink, std::size_t packet_max = kPacketMax);

  /// The next bytes of one direction; acknowledged at once by the other side.
  void tell_bytes(Direction direction, Bytes bytes, WallTime when, FrameSink& sink);
  /// Bytes that were lost on the way here: their sequence numbers are left out, so that a reader sees a gap
  /// and not another stream.
  void skip(Direction direction, std::uint64_t bytes);
  /// FIN, acknowledged.
  void tell_end(Direction direction, WallTime when, FrameSink& sink);
  /// The direction broke. The RST is told when the other direction has nothing more to tell either.
  void tell_reset(Direction direction, WallTime when, FrameSink& sink);
  /// The session is over. What was neither ended nor reset by now ends with a RST.
  void tell_over(WallTime when, FrameSink& sink);

  bool over() const { return over_; }

 private:
  enum class Ending : std::uint8_t { kOpen, kEnded, kBroken };
  struct Side {  // who sends the bytes of a direction
    wire::HeaderTemplate headers;
    std::uint32_t next = 0;  // sequence number
    Ending ending = Ending::kOpen;
  };

  Side& sender(Direction direction) { return sides_[static_cast<std::size_t>(direction)]; }
  Side& receiver(Direction direction) { return sides_[1 - static_cast<std::size_t>(direction)]; }
  void learn_headers(const FlowFacts& facts);
  void tell_handshake(WallTime when, FrameSink& sink);
  void tell_segment(Direction direction, std::uint8_t flags, Bytes payload, WallTime when, FrameSink& sink,
                    const wire::TcpOptions& options = {});
  void acknowledge(Direction direction, WallTime when, FrameSink& sink);
  void reset(Direction direction, WallTime when, FrameSink& sink);

  std::array<Side, 2> sides_;  // by Direction
  std::uint16_t mss_ = 0;
  bool over_ = false;
};

}  // namespace limpid::tool
