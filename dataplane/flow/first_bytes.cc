// The client's first bytes: held back, put in order, judged by the user, and then released, refused, or
// handed to the endpoint that takes the flow over.
#include <utility>

#include "dataplane/flow/flow_core.h"

namespace limpid::flow {

// --- Client ---------------------------------------------------------------------------------------------

void FlowEngine::Core::on_first_segment(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  at.ending = false;
  at.reason = Reason::none;
  at.watch->hold = new_hold(at.watch->handshake.client().next, in.now);
  enter(flow, FlowState::kHeld);
  on_held_client(flow, in);
}

void FlowEngine::Core::on_held_client(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  Hold& hold = *at.watch->hold;
  if (in.has(tcp::kRst)) return on_held_client_reset(flow, in);
  const bool room = may_hold();
  ++counters_.now_held_packets;
  const Instant now = in.now;
  at.watch->handshake.note_acknowledgement(true, in.view);
  const Hold::Kept kept = hold.keep(std::move(in.packet), in.view);
  if (kept == Hold::Kept::kSeenBefore && settled(at) && !hold.bytes().empty())
    return adopt_undecided(flow, now);
  if (kept != Hold::Kept::kNoMore || hold.ended()) judge(flow, now);
  const bool still_held = record(flow).used && record(flow).state == FlowState::kHeld;
  if (still_held && (kept == Hold::Kept::kFull || !room)) adopt_undecided(flow, now);
}

/// The client aborts while its bytes are held: the server has not seen them and never will.
void FlowEngine::Core::on_held_client_reset(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  const std::uint32_t first = at.watch->handshake.client().next;
  // The server knows nothing of what is held: it takes a RST at the first byte. The client's own stands
  // behind its last; any other number is a guess (RFC 5961 §3.2), which the server answers with a challenge.
  const bool exact = in.view.seq == first || in.view.seq == at.watch->hold->end();
  if (!exact) return forward(std::move(in.packet), in.from);
  wire::HeaderTemplate headers = at.watch->handshake.client().headers;
  send(at.key.segment, opposite(at.client_side), headers,
       {.seq = first, .ack = at.watch->handshake.server().next, .flags = tcp::kRst | tcp::kAck});
  end_watch(flow, FlowState::kClosing, Reason::client_reset);
}

// --- Server ---------------------------------------------------------------------------------------------

void FlowEngine::Core::on_held_server(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  Handshake& handshake = at.watch->handshake;
  const auto offset = static_cast<std::int32_t>(in.view.seq - handshake.server().next);
  if (in.has(tcp::kRst)) {
    if (offset == 0) end_watch(flow, FlowState::kClosing, Reason::server_reset);
  } else if (in.tells_of_text(offset) && at.watch->dialogue != nullptr && offset == 0) {
    if (!hear_server(flow, in.view.payload(), in.now)) return;
    pass_spoken(flow, in);
  } else if (in.tells_of_text(offset)) {
    give_up(flow, Reason::server_spoke_first, nullptr, in.now);
  } else if (in.has(tcp::kFin) && offset == 0) {
    at.fin_from_server = true;
    give_up(flow, Reason::server_closed_early, nullptr, in.now);
  } else if (offset == 0) {
    const bool waited = !settled(at);
    handshake.observe(false, in.view);
    if (waited && settled(at)) judge(flow, in.now);
  }
  pass_on(flow, in);
}

// --- Judging --------------------------------------------------------------------------------------------

void FlowEngine::Core::judge(std::uint32_t flow, Instant now) {
  const Watch& watch = *record(flow).watch;
  const Hold& hold = *watch.hold;
  FirstBytesAdvice advice;  // need more
  // What is still unacknowledged no endpoint could send again: the acknowledgement is awaited.
  if (!settled(record(flow))) return timers_.arm(flow, expiry_of(record(flow)));
  if (!hold.bytes().empty()) {
    const FlowFacts facts = record(flow).facts();
    advice = watch.dialogue != nullptr ? watch.dialogue->on_first_bytes(facts, hold.bytes(), now)
                                       : user_.on_first_bytes(facts, hold.bytes(), now);
  }
  switch (advice.kind) {
    case FirstBytesAdvice::Kind::kNeedMore:
      // After the client's FIN nothing more comes: whatever it is, it is no handshake.
      if (hold.ended()) return give_up(flow, Reason::none, nullptr, now);
      return timers_.arm(flow, expiry_of(record(flow)));
    case FirstBytesAdvice::Kind::kForward:
      return give_up(flow, advice.reason, std::move(advice.memo), now);
    case FirstBytesAdvice::Kind::kAdopt:
      // Policy has become another one meanwhile; its SYN was not made for that.
      if (!record(flow).watch->intercept) return give_up(flow, Reason::none, nullptr, now);
      if (const Reason limit = limit_of_adoption(record(flow)); limit != Reason::none)
        return refuse_adoption(flow, limit, now);
      return adopt(flow, std::move(advice.session), now);
    case FirstBytesAdvice::Kind::kReset:
      record(flow).memo = std::move(advice.memo);
      return reset_both(flow, advice.reason, now);
    case FirstBytesAdvice::Kind::kDialogue:
      record(flow).watch->dialogue = std::move(advice.dialogue);
      enter(flow, FlowState::kDialogue);
      return hear_client(flow, now);
  }
}

/// The hello is incomplete, but the client waits, or has waited long enough.
void FlowEngine::Core::on_held_deadline(std::uint32_t flow, Instant now) { adopt_undecided(flow, now); }

void FlowEngine::Core::adopt_undecided(std::uint32_t flow, Instant now) {
  if (!record(flow).watch->intercept) return give_up(flow, Reason::none, nullptr, now);
  if (const Reason limit = limit_of_adoption(record(flow)); limit != Reason::none)
    return refuse_adoption(flow, limit, now);
  if (!settled(record(flow))) return give_up(flow, Reason::upgrade_disordered, nullptr, now);
  Dialogue* dialogue = record(flow).watch->dialogue.get();
  const FlowFacts facts = record(flow).facts();
  std::unique_ptr<Session> session =
      dialogue != nullptr ? dialogue->adopt_undecided(facts, now) : user_.adopt_undecided(facts, now);
  if (session == nullptr) return give_up(flow, Reason::none, nullptr, now);
  adopt(flow, std::move(session), now);
}

/// Policy refuses what the client asks for: neither side is left waiting.
void FlowEngine::Core::reset_both(std::uint32_t flow, Reason reason, Instant now) {
  FlowRecord& at = record(flow);
  const Handshake& handshake = at.watch->handshake;
  const std::uint8_t flags = tcp::kRst | tcp::kAck;
  wire::HeaderTemplate as_client = handshake.client().headers;
  wire::HeaderTemplate as_server = handshake.server().headers;
  send(at.key.segment, opposite(at.client_side), as_client,
       {.seq = handshake.client().next, .ack = handshake.server().next, .flags = flags});
  const Hold* hold = at.watch->hold.get();
  send(at.key.segment, at.client_side, as_server,
       {.seq = handshake.server().next,
        .ack = hold != nullptr ? hold->end() : handshake.client().next,
        .flags = flags});
  if (reason != Reason::none) counters_.reasons.count(reason);
  ++counters_.flows_dropped;
  end_watch(flow, FlowState::kDropped, reason);
  report(flow, reason, now);
}

void FlowEngine::Core::end_watch(std::uint32_t flow, FlowState next, Reason reason) {
  FlowRecord& at = record(flow);
  drop_hold(at);
  if (at.memo == nullptr && at.watch->dialogue != nullptr)
    at.memo = at.watch->dialogue->given_up(at.facts(), {}, false).memo;
  at.watch.reset();
  at.reason = reason;
  enter(flow, next);
}

void FlowEngine::Core::drop_hold(FlowRecord& at) {
  if (at.watch->hold == nullptr) return;
  counters_.now_held_packets -= static_cast<std::uint32_t>(at.watch->hold->packets().size());
  at.watch->hold.reset();
}

}  // namespace limpid::flow
