// Orphan: a flow that was adopted when the process before this one died, until both its ends know. An end
// that is silent would otherwise wait for ever for what is no more. First each end is reset with the sequence
// number that the ledger noted. A receiver believes only the exact one (RFC 5961 §3): one that is too high it
// challenges; to one that is too low it says nothing, so it is asked afterwards: a keepalive probe with an
// old number (RFC 9293 §3.8.4) makes whoever is still there answer with its own numbers. What it says,
// challenge or answer, its tombstone resets exactly. Who is gone already answers the probe with a RST. Pure.
#pragma once

#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/flow/adopted_flow.h"
#include "dataplane/flow/ledger.h"
#include "dataplane/flow/side.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

class Orphan {
 public:
  /// `first_reset`: when its ends are reset by themselves; kNever: once one of them speaks.
  Orphan(const LedgerEntry& entry, Instant first_reset);

  /// When run() wants to be called; kNever: it waits for whoever speaks.
  Instant due() const { return due_; }
  /// Resets both ends, and the next times asks those that are not known to be gone.
  void run(SegmentOutput& output, Instant now);
  /// An end has spoken, and gets its answer; the other is reset, if it was not yet.
  void hear(SegmentOutput& output, bool from_client, const wire::PacketView& segment, Instant now);

  /// Its ends have been reset once, whether they believed it or not.
  bool told() const { return told_; }
  /// Both are gone, as far as can be known.
  bool over() const;

 private:
  struct Leg {
    Leg(const LedgerLeg& leg, const SocketAddress& from, const SocketAddress& to, Side where)
        : noted(leg), headers(wire::HeaderTemplate::over(leg.link, from, to)), side(where) {
      if (headers.known()) headers.set_manner(leg.manner);
    }
    LedgerLeg noted;
    wire::HeaderTemplate headers;  // of the side that was impersonated
    Side side;
    bool heard = false;
    bool gone = false;
  };

  void reset(SegmentOutput& output, Leg& leg);
  void probe(SegmentOutput& output, Leg& leg);

  std::uint16_t segment_;
  Leg client_;
  Leg server_;
  Instant due_;
  std::uint8_t probes_ = 0;  // sent to each end
  bool told_ = false;
};

}  // namespace limpid::flow
