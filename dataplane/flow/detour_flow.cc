// Forwarded flows whose packets go through tools (detour.h). What has gone past the tools they are shown
// first, the handshake and what was said in a dialogue, and packets wait meanwhile; what comes out leaves as
// if it had been forwarded.
#include <utility>

#include "dataplane/flow/flow_core.h"
#include "dataplane/tcp/reset.h"

namespace limpid::flow {

// --- What has passed -------------------------------------------------------------------------------------

/// Null: nobody will want them.
PassedFrames* FlowEngine::Core::passed_frames(Watch& watch) {
  if (settings_.keep_passed && watch.frames == nullptr) {
    watch.frames =
        std::make_unique<PassedFrames>(PassedFrames{.spoken = SpokenFrames(counters_.now_spoken_bytes)});
  }
  return watch.frames.get();
}

/// As it leaves.
void FlowEngine::Core::keep_handshake_frame(Watch& watch, const wire::PacketView& view) {
  PassedFrames* const frames = passed_frames(watch);
  if (frames == nullptr) return;
  const bool syn = (view.flags & tcp::kSyn) != 0;
  const bool ack = (view.flags & tcp::kAck) != 0;
  PassedFrames::Frame& frame = !syn ? frames->ack : ack ? frames->syn_ack : frames->syn;
  frame.assign(view.ip.frame.begin(), view.ip.frame.end());
}

/// Of a dialogue. How much that may be is bounded by what a dialogue listens to.
void FlowEngine::Core::keep_spoken(Watch& watch, const wire::PacketView& view, bool from_client) {
  PassedFrames* const frames = passed_frames(watch);
  if (frames == nullptr || !frames->whole) return;
  constexpr std::size_t kFramesMax = 1'024;
  const bool room = counters_.now_spoken_bytes + view.ip.frame.size() <= settings_.spoken_bytes_max &&
                    frames->spoken.all().size() < kFramesMax;
  if (room) return frames->spoken.add(view.ip.frame, from_client);
  frames->whole = false;
  frames->spoken.clear();
}

// --- A flow's way ---------------------------------------------------------------------------------------

/// The flow has just become a forwarded one. What was held waits on.
void FlowEngine::Core::begin_detour(std::uint32_t flow, Detour& detour, std::unique_ptr<Watch> watch,
                                    Instant now) {
  FlowRecord& at = record(flow);
  at.detoured = std::make_unique<DetouredFlow>(*this, flow, detour);
  at.detours = true;
  detour.begin(*at.detoured, at.client_side == Side::kClient, now);
  if (watch != nullptr) {
    const Handshake& seen = watch->handshake;
    if (seen.server().headers.known()) at.detoured->expect(seen.client().next, seen.server().next);
    if (watch->frames != nullptr && detour.state() == Detour::State::kThrough)
      detour.replay(std::move(*watch->frames), now);
  }
  if (watch != nullptr && watch->hold != nullptr) {
    for (HeldPacket& held : watch->hold->packets()) {
      at.fin_from_client |= (held.view.flags & tcp::kFin) != 0;
      at.detoured->waiting().push_back({std::move(held.packet), held.view, true});
    }
  }
  follow_detour(flow, now);
}

void FlowEngine::Core::carry(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  if (at.state == FlowState::kDropped) return refuse(flow, in);
  DetouredFlow& way = *at.detoured;
  if (way.queued) {
    follow_detour(flow, in.now);
    return pass_on(flow, in);
  }
  const bool from_client = at.from_client(in.tuple.from_low);
  // A frame that comes back over the other port (flooding, a loop) is none of the flow's.
  if (in.from.side != at.side_of(from_client)) return forward(std::move(in.packet), in.from);
  if (way.detour().state() == Detour::State::kReplaying)
    return keep_waiting(way, {std::move(in.packet), in.view, from_client});
  way.note(in.view, from_client);
  if (at.state == FlowState::kClosing) timers_.arm(flow, expiry_of(at));  // it may be over now
  way.detour().carry(std::move(in.packet), in.view, from_client);
}

/// Bounded as a Hold is; what finds no room is sent again by its end.
void FlowEngine::Core::keep_waiting(DetouredFlow& way, WaitingPacket packet) {
  if (way.waiting().size() >= settings_.held_packets_flow_max || !may_hold()) {
    ++counters_.packets_dropped;
    return;
  }
  ++counters_.now_held_packets;
  way.waiting().push_back(std::move(packet));
}

/// Has come out of the last tool, or was made by one.
void FlowEngine::Core::leave(std::uint32_t flow, wire::Packet packet, const wire::PacketView& view,
                             bool from_client) {
  FlowRecord& at = record(flow);
  const bool reset = (view.flags & tcp::kRst) != 0 && at.state == FlowState::kForwarded;
  if (reset && at.detoured->doubtful_reset == Reason::none) end_by_tool(flow, view, from_client);
  forward(std::move(packet), {at.key.segment, at.side_of(from_client)});
}

/// No end has sent this RST.
void FlowEngine::Core::end_by_tool(std::uint32_t flow, const wire::PacketView& rst, bool from_client) {
  FlowRecord& at = record(flow);
  if (at.detoured->belief_in(rst, from_client) != DetouredFlow::Belief::kMust) {
    at.detoured->doubtful_reset = Reason::tool_reset;
    return timers_.arm(flow, expiry_of(at));
  }
  at.detoured->reset = true;
  if (at.reason == Reason::none) at.reason = Reason::tool_reset;
  enter(flow, FlowState::kClosing);
}

// --- What has become of it ------------------------------------------------------------------------------

void FlowEngine::Core::run_detours(Instant now) {
  detours_served_.swap(detours_with_news_);
  for (const std::uint32_t flow : detours_served_) {
    const FlowRecord& at = record(flow);
    if (at.detours && at.state != FlowState::kDropped && at.detoured->queued) follow_detour(flow, now);
  }
  detours_served_.clear();
}

void FlowEngine::Core::follow_detour(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  at.detoured->queued = false;
  Detour& detour = at.detoured->detour();
  detour.run(now);
  switch (detour.state()) {
    case Detour::State::kReplaying:
      break;
    case Detour::State::kThrough:
      release_waiting(flow);
      break;
    case Detour::State::kPast:
      release_waiting(flow);
      at.detours = false;
      at.detoured.reset();
      break;
    case Detour::State::kReset:
      return cut(flow, now);
  }
  timers_.arm(flow, expiry_of(at));
}

void FlowEngine::Core::release_waiting(std::uint32_t flow) {
  FlowRecord& at = record(flow);
  DetouredFlow& way = *at.detoured;
  const bool through = way.detour().state() == Detour::State::kThrough;
  std::vector<WaitingPacket> waiting = std::exchange(way.waiting(), {});
  counters_.now_held_packets -= static_cast<std::uint32_t>(waiting.size());
  for (WaitingPacket& each : waiting) {
    if (through) {
      way.note(each.view, each.from_client);
      way.detour().carry(std::move(each.packet), each.view, each.from_client);
    } else {
      forward(std::move(each.packet), {at.key.segment, at.side_of(each.from_client)});
    }
  }
}

/// It may not go on: what waits and what comes is answered with RST.
void FlowEngine::Core::cut(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  at.reason = at.detoured->detour().reason();
  counters_.reasons.count(at.reason);
  for (const bool from_client : {true, false}) {
    const WaitingPacket* first = at.detoured->first_waiting(from_client);
    if (first != nullptr) tell_of_cut(at, *first);
  }
  bury(flow, now);
}

/// Both ends: the first packet that waits stands where the other end expects the next one.
void FlowEngine::Core::tell_of_cut(const FlowRecord& at, const WaitingPacket& first) {
  const Side side = at.side_of(first.from_client);
  if (const std::optional<tcp::SegmentOut> reply = tcp::reset_for(first.view)) {
    wire::HeaderTemplate back;
    back.learn_mirrored(first.view);
    send(at.key.segment, side, back, *reply);
  }
  wire::HeaderTemplate onward;
  onward.learn(first.view);
  send(at.key.segment, opposite(side), onward,
       {.seq = first.view.seq, .ack = first.view.ack, .flags = tcp::kRst | tcp::kAck});
}

void FlowEngine::Core::drop_waiting(FlowRecord& at) {
  counters_.now_held_packets -= static_cast<std::uint32_t>(at.detoured->waiting().size());
  at.detoured->waiting().clear();
}

// --- What is no TCP flow's ------------------------------------------------------------------------------

void FlowEngine::Core::forward_frame(wire::Packet packet, Arrival from) {
  if (settings_.frames == nullptr) [[likely]]
    return forward(std::move(packet), from);
  const std::size_t size = packet.size();
  switch (settings_.frames->take(packet, from)) {
    case FrameDetour::Taken::kYes:
      ++counters_.packets_forwarded;
      counters_.bytes_forwarded += size;
      return;
    case FrameDetour::Taken::kPast:
      return forward(std::move(packet), from);
    case FrameDetour::Taken::kRefused:
      ++counters_.packets_dropped;
      return counters_.reasons.count(Reason::tool_down);
  }
}

}  // namespace limpid::flow
