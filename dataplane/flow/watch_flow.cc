// A candidate flow's handshake, and its silence after it: everything is let pass and noted, until the
// client's first bytes come (first_bytes.cc) or the flow turns out not to be one that can be taken over.
#include <optional>

#include "dataplane/flow/flow_core.h"
#include "dataplane/wire/syn_editor.h"

namespace limpid::flow {

void FlowEngine::Core::on_watched(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  const bool from_client = at.from_client(in.tuple.from_low);
  // A frame that comes back over the other port (flooding, a loop) is none of the flow's.
  if (in.from.side != at.side_of(from_client)) return forward(std::move(in.packet), in.from);
  note_traffic(at, from_client, in);
  if (!wire::checksums_valid(in.view)) return on_unusable(in, from_client, Reason::checksum_wrong);
  if (in.has(tcp::kSyn)) return on_watched_syn(flow, in, from_client);
  if (in.has(tcp::kRst)) return on_watched_reset(flow, in, from_client);
  switch (at.state) {
    case FlowState::kSynSeen:
    case FlowState::kSynAnswered:
      return on_early_segment(flow, in, from_client);
    case FlowState::kOpen:
      if (!fits(at, in, from_client)) return on_unusable(in, from_client, Reason::segment_misplaced);
      return from_client ? on_open_client(flow, in) : on_open_server(flow, in);
    case FlowState::kDialogue:
      return on_dialogue(flow, in, from_client);
    case FlowState::kHeld:
      if (!fits(at, in, from_client)) return on_unusable(in, from_client, Reason::segment_misplaced);
      return from_client ? on_held_client(flow, in) : on_held_server(flow, in);
    case FlowState::kForwarded:
    case FlowState::kClosing:
    case FlowState::kAdopted:
    case FlowState::kTombstone:
    case FlowState::kDropped:
      break;
  }
  forward(std::move(in.packet), in.from);
}

/// Behind a dialogue acknowledgements may still be on their way; who speaks has heard everything.
bool FlowEngine::Core::fits(const FlowRecord& at, const Incoming& in, bool from_client) {
  const bool bare = in.view.payload_size() == 0 && !in.has(tcp::kFin);
  const bool behind = at.watch->dialogue != nullptr && bare;
  return at.watch->handshake.fits(from_client, in.view,
                                  behind ? Handshake::Phase::kDialogue : Handshake::Phase::kSilence);
}

/// Nothing is learned of a frame that its receiver refuses, but a client's bytes and its FIN are not let past
/// even so.
void FlowEngine::Core::on_unusable(Incoming& in, bool from_client, Reason reason) {
  counters_.reasons.count(reason);
  const bool bears = in.view.payload_size() != 0 || in.has(tcp::kFin);
  if (!from_client || !bears) return forward(std::move(in.packet), in.from);
  ++counters_.packets_dropped;
}

void FlowEngine::Core::on_watched_syn(std::uint32_t flow, Incoming& in, bool from_client) {
  FlowRecord& at = record(flow);
  const bool acknowledges = in.has(tcp::kAck);
  if (from_client && in.opens_flow() && at.state != FlowState::kHeld) {
    if (in.view.seq != at.first_sequence) return open_again(flow, in);
    at.ending = false;
    at.watch->handshake.on_syn_again(in.view);
    return pass_edited_syn(flow, in);
  }
  if (!from_client && acknowledges &&
      (at.state == FlowState::kSynSeen || at.state == FlowState::kSynAnswered)) {
    return on_syn_ack(flow, in);
  }
  if (!from_client && !acknowledges && at.state == FlowState::kSynSeen) {
    give_up(flow, Reason::simultaneous_open, nullptr, in.now);
    // Its own SYN, passed on, would be taken for one that begins anew.
    if (at.state == FlowState::kDropped) return answer_reset(in);
  }
  if (!from_client && acknowledges) at.watch->handshake.on_syn_ack_again(in.view);
  pass_on(flow, in);
}

void FlowEngine::Core::on_syn_ack(std::uint32_t flow, Incoming& in) {
  const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(in.view.option_bytes());
  Handshake& handshake = record(flow).watch->handshake;
  // One that answers another SYN: the client judges it.
  if (in.view.ack != handshake.client().next) return forward(std::move(in.packet), in.from);

  Reason reason = Reason::none;
  if (!options) {
    reason = Reason::frame_malformed;
  } else if (options->signature) {
    reason = Reason::tcp_signature;
  } else if (options->mss.value_or(kMssMin) < kMssMin) {
    reason = Reason::mss_too_small;
  }
  if (reason != Reason::none) {
    give_up(flow, reason, nullptr, in.now);
    return pass_on(flow, in);
  }
  handshake.on_syn_ack(in.view, *options, in.now);
  record(flow).ending = false;
  enter(flow, FlowState::kSynAnswered);
  // Data on a SYN-ACK only answers TFO, which the client was not let ask for; it is sent again.
  pass_edited_syn(flow, in);
}

/// Neither SYN nor RST, while the handshake lasts.
void FlowEngine::Core::on_early_segment(std::uint32_t flow, Incoming& in, bool from_client) {
  FlowRecord& at = record(flow);
  if (at.state == FlowState::kSynAnswered && from_client) {
    if (!at.watch->handshake.completes(in.view)) return forward(std::move(in.packet), in.from);
    at.watch->handshake.on_complete(in.now);
    const bool next = in.view.seq == at.watch->handshake.client().next;
    const bool bare = in.view.payload_size() == 0 && !in.has(tcp::kFin);
    if (next && bare) keep_handshake_frame(*at.watch, in.view);
    enter(flow, FlowState::kOpen);
    if (at.watch->dialogue == nullptr) return on_open_client(flow, in);
    enter(flow, FlowState::kDialogue);
    return on_dialogue(flow, in, true);
  }
  // The client goes on though no SYN-ACK was seen: it takes another way, and we see half of the flow.
  if (at.state == FlowState::kSynSeen && from_client) give_up(flow, Reason::mid_stream, nullptr, in.now);
  // Bytes of the server can only follow the client's acknowledgement, which went another way then. Without
  // bytes it is an old connection's challenge: let pass.
  if (at.state == FlowState::kSynAnswered && !from_client && in.view.payload_size() != 0) {
    give_up(flow, Reason::server_spoke_first, nullptr, in.now);
  }
  pass_on(flow, in);
}

/// Only a RST with exactly the next sequence number ends a connection (RFC 5961 §3.2). And even then the flow
/// stays watched until it expires, soon: a RST that dies before the server must not blind us.
void FlowEngine::Core::on_watched_reset(std::uint32_t flow, Incoming& in, bool from_client) {
  FlowRecord& at = record(flow);
  const Handshake& handshake = at.watch->handshake;
  if (at.state == FlowState::kHeld) {
    return from_client ? on_held_client(flow, in) : on_held_server(flow, in);
  }
  bool exact = in.view.seq == (from_client ? handshake.client() : handshake.server()).next;
  if (at.state == FlowState::kSynSeen && !from_client) {
    exact = in.has(tcp::kAck) && in.view.ack == handshake.client().next;
  }
  if (exact) {
    at.ending = true;
    const bool refused = at.state == FlowState::kSynSeen && !from_client;
    at.reason = refused ? Reason::server_refused : from_client ? Reason::client_reset : Reason::server_reset;
    timers_.arm(flow, expiry_of(at));
  }
  forward(std::move(in.packet), in.from);
}

void FlowEngine::Core::on_open_client(std::uint32_t flow, Incoming& in) {
  Handshake& handshake = record(flow).watch->handshake;
  const auto offset = static_cast<std::int32_t>(in.view.seq - handshake.client().next);
  // What has overtaken the first bytes is held, too: the server would end at its FIN what is said in the
  // client's name, and go by its window and its clock.
  if (in.tells_of_text(offset)) return on_first_segment(flow, in);
  // A keepalive may carry a byte from before the first (RFC 9293 §3.8.4): nothing to hold.
  if (offset == 0) handshake.observe(true, in.view);
  const bool fin = in.has(tcp::kFin) && offset == 0;
  if (fin) record(flow).fin_from_client = true;
  if (fin) give_up(flow, Reason::none, nullptr, in.now);  // it closes without a word: nothing to take over
  pass_on(flow, in);
}

void FlowEngine::Core::on_open_server(std::uint32_t flow, Incoming& in) {
  Handshake& handshake = record(flow).watch->handshake;
  const auto offset = static_cast<std::int32_t>(in.view.seq - handshake.server().next);
  if (in.tells_of_text(offset) && record(flow).watch->dialogue != nullptr && offset == 0) {
    // It is upgraded, and the client's hello awaited.
    if (!hear_server(flow, in.view.payload(), in.now)) return;
    pass_spoken(flow, in);
  } else if (in.tells_of_text(offset)) {
    give_up(flow, Reason::server_spoke_first, nullptr, in.now);
  } else if (in.has(tcp::kFin) && offset == 0) {
    record(flow).fin_from_server = true;
    give_up(flow, Reason::server_closed_early, nullptr, in.now);
  } else if (offset == 0) {
    handshake.observe(false, in.view);
  }
  pass_on(flow, in);
}

}  // namespace limpid::flow
