// Hold: a candidate flow's first client bytes, kept back: the packets as they came, to be released or handed
// to an endpoint, and their bytes in order, to be judged. Nothing in it is acknowledged. Thread: the worker.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/flow/reassembly.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

struct HeldPacket {
  wire::Packet packet;
  wire::PacketView view;  // of the packet's own bytes, which stay where they are
};

class Hold {
 public:
  enum class Kept : std::uint8_t {
    kMoreBytes,   // the bytes from the front have grown
    kNoMore,      // kept, but they have not: behind a gap, or no payload
    kSeenBefore,  // kept; the client sends again what it sent: it waits for an acknowledgement
    kFull,        // kept, and a limit is reached
  };

  /// `first`: the sequence number of the client's first byte.
  Hold(std::uint32_t first, std::size_t bytes_max, std::size_t packets_max, Instant now)
      : since_(now), first_(first), packets_max_(packets_max), bytes_(bytes_max) {}

  Kept keep(wire::Packet packet, const wire::PacketView& view);

  Bytes bytes() const { return bytes_.contiguous(); }
  /// The client's FIN lies at the end of bytes(): nothing more will come.
  bool ended() const { return fin_seen_ && fin_offset_ == bytes_.contiguous().size(); }
  /// The sequence number behind everything held.
  std::uint32_t end() const;
  Instant since() const { return since_; }
  std::vector<HeldPacket>& packets() { return packets_; }

 private:
  Instant since_;
  std::uint32_t first_;
  std::size_t packets_max_;
  Reassembly bytes_;
  std::vector<HeldPacket> packets_;  // in order of arrival
  std::size_t fin_offset_ = 0;
  bool fin_seen_ = false;
};

}  // namespace limpid::flow
