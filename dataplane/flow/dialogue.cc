// A flow that begins in the clear and may be upgraded: both sides' frames are let past as they are and their
// bytes read along by the flow's Dialogue, the client's before they are let past. When the dialogue says so,
// the client's next bytes are awaited as first bytes are (state kOpen), and judged.
#include <algorithm>
#include <utility>

#include "dataplane/flow/flow_core.h"

namespace limpid::flow {

void FlowEngine::Core::on_dialogue(std::uint32_t flow, Incoming& in, bool from_client) {
  if (!record(flow).watch->handshake.fits(from_client, in.view, Handshake::Phase::kDialogue))
    return on_unusable(in, from_client, Reason::segment_misplaced);
  return from_client ? on_dialogue_client(flow, in) : on_dialogue_server(flow, in);
}

/// Out of order beyond what is kept, or silent for too long.
void FlowEngine::Core::on_dialogue_deadline(std::uint32_t flow, Instant now) {
  const bool gap = record(flow).watch->hold != nullptr;
  give_up(flow, gap ? Reason::upgrade_disordered : Reason::upgrade_silent, nullptr, now);
}

/// It comes to nothing, or there is no room for it.
void FlowEngine::Core::end_dialogue(std::uint32_t flow, Reason reason, Instant now) {
  if (is_limit(reason)) return refuse_adoption(flow, reason, now);
  give_up(flow, reason, nullptr, now);
}

// --- Client ---------------------------------------------------------------------------------------------

void FlowEngine::Core::on_dialogue_client(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  Handshake& handshake = at.watch->handshake;
  const auto offset = static_cast<std::int32_t>(in.view.seq - handshake.client().next);
  if (!in.tells_of_text(offset)) {
    if (offset == 0) handshake.observe(true, in.view);
    if (in.has(tcp::kFin) && offset == 0) {
      at.fin_from_client = true;
      give_up(flow, Reason::upgrade_not_made, nullptr, in.now);
    }
    return pass_on(flow, in);
  }
  if (!may_hold()) {
    refuse_adoption(flow, Reason::memory_short, in.now);
    return pass_on(flow, in);
  }
  if (at.watch->hold == nullptr) {
    at.watch->hold = new_hold(handshake.client().next, in.now);
    enter(flow, FlowState::kDialogue);  // it has another deadline now
  }
  ++counters_.now_held_packets;
  handshake.note_acknowledgement(true, in.view);
  const Hold::Kept kept = at.watch->hold->keep(std::move(in.packet), in.view);
  if (kept == Hold::Kept::kFull) return give_up(flow, Reason::upgrade_disordered, nullptr, in.now);
  if (!at.watch->hold->bytes().empty()) hear_client(flow, in.now);
}

/// What is held, from its front to the first gap.
void FlowEngine::Core::hear_client(std::uint32_t flow, Instant now) {
  Watch& watch = *record(flow).watch;
  const Dialogue::Finding found = watch.dialogue->on_bytes(true, watch.hold->bytes());
  switch (found.kind) {
    case Dialogue::Finding::Kind::kMore:
      return release_heard(flow, now);
    case Dialogue::Finding::Kind::kUpgraded:
      enter(flow, FlowState::kHeld);
      return judge(flow, now);
    case Dialogue::Finding::Kind::kNever:
      return end_dialogue(flow, found.reason, now);
    case Dialogue::Finding::Kind::kViolation:
      return reset_both(flow, found.reason, now);
  }
}

/// The frames that have been heard are let past; those behind a gap go on being held.
void FlowEngine::Core::release_heard(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  Handshake& handshake = at.watch->handshake;
  const std::unique_ptr<Hold> heard = std::move(at.watch->hold);
  handshake.advance(true, heard->bytes().size());
  const Arrival from{.segment = at.key.segment, .side = at.client_side};
  const std::uint32_t next = handshake.client().next;
  for (HeldPacket& held : heard->packets()) {
    const auto end = static_cast<std::uint32_t>(held.view.seq + held.view.payload_size());
    if (static_cast<std::int32_t>(end - next) > 0 || (held.view.payload_size() == 0 && end != next)) {
      if (at.watch->hold == nullptr) at.watch->hold = new_hold(next, heard->since());
      at.watch->hold->keep(std::move(held.packet), held.view);
      continue;
    }
    --counters_.now_held_packets;
    handshake.observe(true, held.view);
    keep_spoken(*at.watch, held.view, true);
    at.fin_from_client |= (held.view.flags & tcp::kFin) != 0;
    forward(std::move(held.packet), from);
  }
  enter(flow, FlowState::kDialogue);
  if (at.fin_from_client) give_up(flow, Reason::upgrade_not_made, nullptr, now);
}

// --- Server ---------------------------------------------------------------------------------------------

void FlowEngine::Core::on_dialogue_server(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  Watch& watch = *at.watch;
  const auto offset = static_cast<std::int32_t>(in.view.seq - watch.handshake.server().next);
  if (!in.tells_of_text(offset)) {
    if (offset == 0) watch.handshake.observe(false, in.view);
    if (in.has(tcp::kFin) && offset == 0) {
      at.fin_from_server = true;
      give_up(flow, Reason::upgrade_not_made, nullptr, in.now);
    }
    return pass_on(flow, in);
  }
  Bytes payload = in.view.payload();
  if (offset < 0) payload = payload.subspan(static_cast<std::size_t>(-std::int64_t{offset}));
  const auto place = static_cast<std::size_t>(std::max(offset, 0));
  const Reassembly::Added added = watch.server_bytes.add(place, payload);
  if (added == Reassembly::Added::kRefused) {
    give_up(flow, Reason::upgrade_disordered, nullptr, in.now);
    return pass_on(flow, in);
  }
  const std::size_t size = watch.server_bytes.contiguous().size();
  if (size != 0) {
    const bool fin = in.has(tcp::kFin);
    watch.handshake.observe(false, in.view);
    if (!hear_server(flow, watch.server_bytes.contiguous(), in.now)) return;
    if (at.watch != nullptr) watch.server_bytes.consume(size);
    at.fin_from_server |= fin;
    if (fin && at.watch != nullptr) give_up(flow, Reason::upgrade_not_made, nullptr, in.now);
  }
  if (added == Reassembly::Added::kNew) pass_spoken(flow, in);
  pass_on(flow, in);
}

/// It is let past the tools, unless it has just been found that the flow goes through them.
void FlowEngine::Core::pass_spoken(std::uint32_t flow, const Incoming& in) {
  if (Watch* const watch = record(flow).watch.get(); watch != nullptr) keep_spoken(*watch, in.view, false);
}

bool FlowEngine::Core::hear_server(std::uint32_t flow, Bytes bytes, Instant now) {
  Watch& watch = *record(flow).watch;
  const std::size_t size = bytes.size();
  const Dialogue::Finding found = watch.dialogue->on_bytes(false, bytes);
  switch (found.kind) {
    case Dialogue::Finding::Kind::kMore:
      watch.handshake.advance(false, size);
      break;
    case Dialogue::Finding::Kind::kUpgraded:
      watch.handshake.advance(false, size);
      // What the client has sent ahead of a gap may be its hello.
      enter(flow, watch.hold != nullptr ? FlowState::kHeld : FlowState::kOpen);
      break;
    case Dialogue::Finding::Kind::kNever:
      watch.handshake.advance(false, size);
      end_dialogue(flow, found.reason, now);
      break;
    case Dialogue::Finding::Kind::kViolation:
      reset_both(flow, found.reason, now);
      return false;
  }
  return true;
}

}  // namespace limpid::flow
