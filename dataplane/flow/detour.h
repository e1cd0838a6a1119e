// Detour: the way of what is not decrypted through inline tools instead of straight across, packet by packet
// and unchanged. The flow engine knows no tools: here is what it hands its packets to, and what it hears.
// Values and interfaces only; everything runs on the thread of the worker that owns the flow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/flow/side.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

/// What a detour may ask of the flow that it belongs to.
class DetourHost {
 public:
  virtual ~DetourHost() = default;
  /// A packet has come out of the last tool; `view` is of its bytes.
  virtual void deliver(wire::Packet packet, const wire::PacketView& view, bool from_client) = 0;
  /// state() or deadline() may have changed: run() is called after this burst.
  virtual void on_detour_news() = 0;
};

/// The handshake of a flow as limpid let it pass, before it was known that the flow goes through tools.
/// Empty: has not passed.
struct HandshakeFrames {
  using Frame = std::vector<std::byte>;
  Frame syn;
  Frame syn_ack;
  Frame ack;
};

/// One flow's. Found in its FlowMemo, which owns it.
class Detour {
 public:
  enum class State : std::uint8_t {
    kReplaying,  // the handshake is shown to the tools: packets are to wait
    kThrough,    // carry()
    kPast,       // no tool is left that the flow has to go through
    kReset,      // the flow must not go on: reason()
  };

  virtual ~Detour() = default;
  /// Once, before all else. `from_client_side`: the flow's client is at the client side of its segment.
  virtual void begin(DetourHost& host, bool from_client_side, Instant now) = 0;
  /// The flow's handshake has gone past the tools: they are shown it now. After begin(), where that has left
  /// the state kThrough.
  virtual void replay(HandshakeFrames frames, Instant now) = 0;

  virtual State state() const = 0;
  virtual Reason reason() const = 0;
  /// Only in state kThrough.
  virtual void carry(wire::Packet packet, const wire::PacketView& view, bool from_client) = 0;
  /// When run() wants to be called though there is no news; kNever if not.
  virtual Instant deadline() const = 0;
  virtual void run(Instant now) = 0;
};

/// The way of all frames that belong to no TCP flow: they have no record, and no state.
class FrameDetour {
 public:
  enum class Taken : std::uint8_t {
    kYes,      // the packet is gone
    kPast,     // it goes straight across
    kRefused,  // it goes nowhere: a tool that it needs is down
  };

  virtual ~FrameDetour() = default;
  virtual Taken take(wire::Packet& packet, Arrival from) = 0;
};

}  // namespace limpid::flow
