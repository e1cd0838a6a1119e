#include "dataplane/flow/flow_core.h"

#include <algorithm>

#include "dataplane/base/check.h"
#include "dataplane/tcp/frame.h"

namespace limpid::flow {

namespace {

constexpr std::uint16_t kDefaultMtu = 1500;

bool is_opening(FlowState state) { return state == FlowState::kSynSeen || state == FlowState::kSynAnswered; }
bool is_ending(FlowState state) {
  return state == FlowState::kClosing || state == FlowState::kTombstone || state == FlowState::kDropped;
}

Disposition disposition_of(FlowState state) {
  switch (state) {
    case FlowState::kSynSeen:
    case FlowState::kSynAnswered:
    case FlowState::kOpen:
    case FlowState::kDialogue:
    case FlowState::kHeld:
      return Disposition::kWatch;
    case FlowState::kForwarded:
    case FlowState::kClosing:
      return Disposition::kForward;
    case FlowState::kAdopted:
    case FlowState::kTombstone:
      return Disposition::kTerminate;
    case FlowState::kDropped:
      return Disposition::kDrop;
  }
  return Disposition::kForward;
}

}  // namespace

std::string_view name(FlowState state) {
  switch (state) {
    case FlowState::kSynSeen:
      return "syn_seen";
    case FlowState::kSynAnswered:
      return "syn_answered";
    case FlowState::kOpen:
      return "open";
    case FlowState::kDialogue:
      return "dialogue";
    case FlowState::kHeld:
      return "held";
    case FlowState::kForwarded:
      return "forwarded";
    case FlowState::kClosing:
      return "closing";
    case FlowState::kAdopted:
      return "adopted";
    case FlowState::kTombstone:
      return "tombstone";
    case FlowState::kDropped:
      return "dropped";
  }
  return "";
}

// --- Packets out ----------------------------------------------------------------------------------------

void FlowEngine::Core::forward(wire::Packet packet, Arrival from) {
  ++counters_.packets_forwarded;
  counters_.bytes_forwarded += packet.size();
  output_.send(from.segment, opposite(from.side), std::move(packet));
}

bool FlowEngine::Core::send(std::uint16_t segment, Side to, wire::HeaderTemplate& headers,
                            const tcp::SegmentOut& out) {
  wire::Packet packet = tcp::frame_of(pool_, headers, out);
  if (!packet) {
    counters_.reasons.count(Reason::packet_pool_exhausted);
    return false;
  }
  ++counters_.packets_composed;
  output_.send(segment, to, std::move(packet));
  return true;
}

// --- Records --------------------------------------------------------------------------------------------

void FlowEngine::Core::count_state(const FlowRecord& at, FlowState state, int difference) {
  const auto add = [difference](std::uint32_t& counter) {
    counter = static_cast<std::uint32_t>(static_cast<std::int64_t>(counter) + difference);
  };
  switch (disposition_of(state)) {
    case Disposition::kWatch:
      if (limits_clients()) clients_.count(at.key, at.client_is_low, difference, 0);
      return add(counters_.now_watched);
    case Disposition::kForward:
      return add(counters_.now_forwarded);
    case Disposition::kTerminate:
      if (state == FlowState::kTombstone) return add(counters_.now_tombstones);
      if (limits_clients()) clients_.count(at.key, at.client_is_low, 0, difference);
      return add(counters_.now_adopted);
    case Disposition::kDrop:
      return;
  }
}

/// The one place where a flow's state changes: lists, counters and the deadline follow it.
void FlowEngine::Core::enter(std::uint32_t flow, FlowState next) {
  FlowRecord& at = record(flow);
  LIMPID_CHECK(kFlowEdges.allow(at.state, next), "a flow took a way that its table does not have");
  if (at.state != next) {
    count_state(at, next, 1);
    count_state(at, at.state, -1);
    counters_.now_clients = clients_.size();
  }
  relist(flow, next);
  at.state = next;
  timers_.arm(flow, expiry_of(at));
}

void FlowEngine::Core::relist(std::uint32_t flow, FlowState next) {
  const FlowRecord& at = record(flow);
  ListNumber wanted = ListNumber::kNone;
  if (is_opening(next)) wanted = ListNumber::kOpening;
  if (is_ending(next)) wanted = ListNumber::kEnding;
  if (next == FlowState::kForwarded && is_opening(at.state)) wanted = ListNumber::kUnfinished;
  if (at.list == wanted) return;
  unlist(flow);
  if (wanted != ListNumber::kNone) list(wanted).push(table_, flow);
}

void FlowEngine::Core::unlist(std::uint32_t flow) {
  const ListNumber number = record(flow).list;
  if (number != ListNumber::kNone) list(number).remove(table_, flow);
}

std::uint32_t FlowEngine::Core::new_record(const Incoming& in) {
  if (table_.full() && !evict_oldest(in.now)) return kNoFlow;
  const std::uint32_t flow = table_.insert(in.tuple.key, in.hash);
  FlowRecord& fresh = record(flow);
  fresh.client_is_low = in.tuple.from_low;
  fresh.client_side = in.from.side;
  fresh.first_sequence = in.view.seq;
  fresh.opened = in.now;
  fresh.last = in.now;
  count_state(fresh, fresh.state, 1);
  list(ListNumber::kOpening).push(table_, flow);
  timers_.arm(flow, expiry_of(fresh));
  return flow;
}

/// What has ended goes first, then the oldest unfinished handshake; never an established flow.
bool FlowEngine::Core::evict_oldest(Instant now) {
  std::uint32_t victim = list(ListNumber::kEnding).oldest();
  for (const ListNumber number : {ListNumber::kOpening, ListNumber::kUnfinished}) {
    const std::uint32_t oldest = list(number).oldest();
    const bool ended = victim != kNoFlow && record(victim).list == ListNumber::kEnding;
    if (oldest == kNoFlow || ended) continue;
    if (victim == kNoFlow || record(oldest).opened < record(victim).opened) victim = oldest;
  }
  if (victim == kNoFlow) return false;
  close(victim, Reason::flow_table_full, now);
  return true;
}

FlowSummary FlowEngine::Core::summary_of(const FlowRecord& at) const {
  FlowSummary summary;
  summary.opened = at.opened;
  summary.last = at.last;
  summary.packets_from_client = at.traffic.packets_from_client;
  summary.packets_from_server = at.traffic.packets_from_server;
  summary.bytes_from_client = at.traffic.bytes_from_client;
  summary.bytes_from_server = at.traffic.bytes_from_server;
  summary.disposition = disposition_of(at.state);
  summary.reason = at.reason;
  if (at.adopted != nullptr) {
    summary.bytes_from_client = at.adopted->client().counters().bytes_received;
    summary.bytes_from_server = at.adopted->server().counters().bytes_received;
    if (summary.reason == Reason::none) summary.reason = at.adopted->failure();
  }
  return summary;
}

/// Tells the user that the flow has ended, once.
void FlowEngine::Core::report(std::uint32_t flow, Reason reason, Instant now) {
  FlowRecord& at = record(flow);
  if (at.reported) return;
  at.reported = true;
  FlowSummary summary = summary_of(at);
  if (summary.reason == Reason::none) summary.reason = reason;
  std::unique_ptr<Session> session = at.adopted != nullptr ? at.adopted->take_session() : nullptr;
  // It has ended in the middle of a dialogue: what was spoken is to be told all the same.
  if (at.memo == nullptr && at.watch != nullptr && at.watch->dialogue != nullptr) {
    at.memo = at.watch->dialogue->given_up(at.facts(), {}, false).memo;
    if (at.memo != nullptr) at.memo->drop_detour();
  }
  user_.on_closed(at.facts(), summary, std::move(session), std::move(at.memo), now);
}

void FlowEngine::Core::close(std::uint32_t flow, Reason reason, Instant now) {
  FlowRecord& at = record(flow);
  if (at.watch != nullptr) drop_hold(at);
  if (at.detours) drop_waiting(at);
  report(flow, reason, now);
  if (settings_.ledger != nullptr) settings_.ledger->remove(at.ledger_slot);
  forget_server_bytes(at);
  unlist(flow);
  count_state(at, at.state, -1);
  counters_.now_clients = clients_.size();
  timers_.disarm(flow);
  table_.erase(flow);
}

std::uint16_t FlowEngine::Core::mss_max(const FlowRecord& at) const {
  const std::size_t segment = at.key.segment;
  const std::uint16_t mtu = segment < settings_.mtu.size() ? settings_.mtu[segment] : kDefaultMtu;
  return mss_for(mtu, at.key.v6 != 0);
}

// --- Expiry ---------------------------------------------------------------------------------------------

/// How long a forwarded flow may say nothing.
Duration FlowEngine::Core::patience_with(const FlowRecord& at) const {
  const bool doubtful = at.detours && at.detoured->doubtful_reset != Reason::none;
  return at.list == ListNumber::kUnfinished || doubtful ? settings_.transitory : settings_.established;
}

/// Whoever only feigns the end of a flow must not get past its tools as soon as its record has gone.
bool FlowEngine::Core::seems_over(const FlowRecord& at) {
  return !at.detours || at.detoured->reset || at.detoured->finished();
}

/// Both ends may have closed while the tools are still shown what has passed.
Instant FlowEngine::Core::detour_deadline(const FlowRecord& at) {
  return at.detours ? at.detoured->detour().deadline() : kNever;
}

Instant FlowEngine::Core::expiry_of(const FlowRecord& at) const {
  switch (at.state) {
    case FlowState::kSynSeen:
    case FlowState::kSynAnswered:
      return at.last + (at.ending ? settings_.closing : settings_.transitory);
    case FlowState::kOpen:
      return at.last + (at.ending ? settings_.closing : settings_.established);
    case FlowState::kDialogue:
      if (at.watch->hold != nullptr) return at.watch->hold->since() + settings_.hold_gap;
      return at.last + (at.ending ? settings_.closing : settings_.dialogue);
    case FlowState::kHeld:
      return at.watch->hold->since() +
             (at.watch->hold->bytes().empty() || !settled(at) ? settings_.hold_gap : settings_.hold);
    case FlowState::kForwarded:
      return std::min(at.last + patience_with(at), detour_deadline(at));
    case FlowState::kClosing:
      return std::min(at.last + (seems_over(at) ? settings_.closing : settings_.transitory),
                      detour_deadline(at));
    case FlowState::kDropped:
      // Ends that were cut off in mid-stream may be silent for long, and must not go on then past a tool.
      return at.last + (at.detours && at.traffic.packets_from_server != 0 ? settings_.established
                                                                          : settings_.tombstone);
    case FlowState::kAdopted:
      return at.adopted->deadline();
    case FlowState::kTombstone:
      if (at.orphan == nullptr) return at.last + settings_.tombstone;
      return std::min(at.orphan->due(), at.last + settings_.established);
  }
  return at.last;
}

void FlowEngine::Core::on_deadline(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  // A busy flow's timer was set long ago; only now it is looked at again.
  const Instant expiry = expiry_of(at);
  if (expiry > now) return timers_.arm(flow, expiry);
  if (at.state == FlowState::kAdopted) return service(flow, now);
  if (at.state == FlowState::kHeld) return on_held_deadline(flow, now);
  if (at.state == FlowState::kDialogue && !at.ending) return on_dialogue_deadline(flow, now);
  if ((at.state == FlowState::kForwarded || at.state == FlowState::kClosing) && detour_deadline(at) <= now)
    return follow_detour(flow, now);
  if (at.orphan != nullptr && at.orphan->due() <= now) return reset_orphan(flow, now);
  if (ends_in_doubt(at)) return bury(flow, now);
  if (at.state == FlowState::kSynSeen && !at.ending) return close(flow, Reason::server_unreachable, now);
  if (at.state == FlowState::kSynAnswered && !at.ending) return close(flow, Reason::client_timeout, now);
  const bool idle = at.state == FlowState::kForwarded || at.state == FlowState::kOpen;
  close(flow, idle && !at.ending ? Reason::idle_timeout : Reason::none, now);
}

/// It goes through tools, and seems to have ended by a reset; but whoever sent that, or was to believe it,
/// may yet go on.
bool FlowEngine::Core::ends_in_doubt(const FlowRecord& at) {
  if (!at.detours) return false;
  if (at.state == FlowState::kForwarded) return at.detoured->doubtful_reset != Reason::none;
  return at.state == FlowState::kClosing && !at.detoured->finished();
}

/// The user hears that it has ended. What still comes of it is answered with RST: it must not go past tools.
void FlowEngine::Core::bury(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  if (at.reason == Reason::none) at.reason = at.detoured->doubtful_reset;
  drop_waiting(at);
  forget_server_bytes(at);
  enter(flow, FlowState::kDropped);
  report(flow, Reason::none, now);
}

// --- Forwarded flows ------------------------------------------------------------------------------------

void FlowEngine::Core::note_traffic(FlowRecord& at, bool from_client, const Incoming& in) {
  at.last = in.now;
  ++(from_client ? at.traffic.packets_from_client : at.traffic.packets_from_server);
  (from_client ? at.traffic.bytes_from_client : at.traffic.bytes_from_server) += in.view.payload_size();
}

void FlowEngine::Core::on_forwarded(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  const bool from_client = at.from_client(in.tuple.from_low);
  if (in.opens_flow()) {
    const bool again = from_client && in.view.seq == at.first_sequence;
    const bool over = at.state == FlowState::kClosing;
    const bool mutual = at.reason == Reason::simultaneous_open;
    // A new SYN always wins; one from the server's end only where the flow is over.
    if (!again && !mutual && (from_client || over)) return open_again(flow, in);
  }
  note_traffic(at, from_client, in);
  // Established is what both have spoken on. A SYN alone, whoever sent it, takes no record for hours.
  const bool finishes = at.list == ListNumber::kUnfinished && from_client && !in.has(tcp::kSyn);
  if (finishes && at.traffic.packets_from_server != 0) unlist(flow);
  if (in.has(tcp::kFin | tcp::kRst)) on_forwarded_control(flow, in, from_client);
  if (!from_client) read_server_bytes(at, in.view);
  pass_on(flow, in);
}

/// Until the memo has seen enough, or too much is out of order, here or in all flows together.
void FlowEngine::Core::read_server_bytes(FlowRecord& at, const wire::PacketView& view) {
  if (at.server_bytes == nullptr) return;
  const std::size_t before = at.server_bytes->held();
  const bool more = at.server_bytes->on_segment(view, *at.memo);
  counters_.now_memo_bytes += static_cast<std::uint32_t>(at.server_bytes->held() - before);
  if (!more || counters_.now_memo_bytes > settings_.memos_bytes_max) forget_server_bytes(at);
}

void FlowEngine::Core::forget_server_bytes(FlowRecord& at) {
  if (at.server_bytes == nullptr) return;
  counters_.now_memo_bytes -= static_cast<std::uint32_t>(at.server_bytes->held());
  at.server_bytes.reset();
}

void FlowEngine::Core::on_forwarded_control(std::uint32_t flow, const Incoming& in, bool from_client) {
  FlowRecord& at = record(flow);
  if (at.detours && in.has(tcp::kRst)) {
    const DetouredFlow::Belief belief = at.detoured->belief_in(in.view, from_client);
    if (belief == DetouredFlow::Belief::kNone) return;
    at.detoured->reset = at.detoured->reset || belief == DetouredFlow::Belief::kMust;
    if (!at.detoured->reset) {
      at.detoured->doubtful_reset = from_client ? Reason::client_reset : Reason::server_reset;
      return timers_.arm(flow, expiry_of(at));
    }
  }
  (from_client ? at.fin_from_client : at.fin_from_server) |= in.has(tcp::kFin);
  if (in.has(tcp::kRst) && at.reason == Reason::none && !(at.fin_from_client && at.fin_from_server)) {
    at.reason = from_client ? Reason::client_reset : Reason::server_reset;
  }
  if (in.has(tcp::kRst) || (at.fin_from_client && at.fin_from_server)) enter(flow, FlowState::kClosing);
}

void FlowEngine::Core::give_up(std::uint32_t flow, Reason reason, std::unique_ptr<FlowMemo> memo,
                               Instant now) {
  const FlowRecord& at = record(flow);
  GivenUp what{std::move(memo)};
  if (what.memo == nullptr) {
    Dialogue* const dialogue = at.watch != nullptr ? at.watch->dialogue.get() : nullptr;
    what = ask_of_given_up(at, dialogue, reason, now);
  }
  let_go(flow, reason, std::move(what), now);
}

void FlowEngine::Core::give_up_unwatched(std::uint32_t flow, Reason reason, Dialogue* dialogue, Instant now) {
  let_go(flow, reason, ask_of_given_up(record(flow), dialogue, reason, now), now);
}

void FlowEngine::Core::let_go(std::uint32_t flow, Reason reason, GivenUp what, Instant now) {
  FlowRecord& at = record(flow);
  if (reason != Reason::none) counters_.reasons.count(reason);
  at.reason = reason;
  at.memo = std::move(what.memo);
  if (what.refused != Reason::none) return refuse_given_up(flow, what.refused, now);
  if (at.memo != nullptr) {
    at.server_bytes = std::make_unique<ServerBytes>(settings_.memo_bytes_max);
    if (at.state >= FlowState::kSynAnswered) at.server_bytes->start(at.watch->handshake.server().next);
  }
  std::unique_ptr<Watch> watch = std::move(at.watch);
  ++counters_.flows_forwarded;
  enter(flow, FlowState::kForwarded);
  if (Detour* detour = at.memo != nullptr ? at.memo->detour() : nullptr; detour != nullptr) {
    if (watch == nullptr || watch->frames == nullptr || watch->frames->whole)
      return begin_detour(flow, *detour, std::move(watch), now);
    counters_.reasons.count(Reason::dialogue_not_shown);
    at.memo->drop_detour();
  }
  if (watch == nullptr || watch->hold == nullptr) return;
  const Arrival from{.segment = at.key.segment, .side = at.client_side};
  for (HeldPacket& held : watch->hold->packets()) {
    at.fin_from_client |= (held.view.flags & tcp::kFin) != 0;
    forward(std::move(held.packet), from);
  }
  counters_.now_held_packets -= static_cast<std::uint32_t>(watch->hold->packets().size());
}

GivenUp FlowEngine::Core::ask_of_given_up(const FlowRecord& at, Dialogue* dialogue, Reason reason,
                                          Instant now) {
  const Hold* const hold = at.watch != nullptr ? at.watch->hold.get() : nullptr;
  const Bytes first_bytes = hold != nullptr ? hold->bytes() : Bytes{};
  const bool stopped = reason == Reason::stopped;
  const bool may_refuse = !stopped && !is_limit(reason);
  GivenUp asked;
  if (dialogue != nullptr) {
    asked = dialogue->given_up(at.facts(), first_bytes, may_refuse);
  } else if (!stopped) {
    asked = user_.on_given_up(at.facts(), first_bytes, may_refuse, now);
  }
  if (asked.memo != nullptr && stopped) asked.memo->drop_detour();
  return asked;
}

/// The packet at which it is found is answered when it is passed on.
void FlowEngine::Core::refuse_given_up(std::uint32_t flow, Reason reason, Instant now) {
  FlowRecord& at = record(flow);
  at.last = now;  // it may have been silent for long: from now on its ends are answered for a while
  if (at.state >= FlowState::kSynAnswered) return reset_both(flow, reason, now);
  // The other side's numbers are not known yet: whatever it sends is answered.
  counters_.reasons.count(reason);
  ++counters_.flows_dropped;
  if (at.watch != nullptr) {
    end_watch(flow, FlowState::kDropped, reason);
  } else {
    at.reason = reason;
    enter(flow, FlowState::kDropped);
  }
  report(flow, reason, now);
}

// --- Looking in -----------------------------------------------------------------------------------------

// A flow keeps its record for as long as it lives, so that a record's number is a place to go on from.
std::uint32_t FlowEngine::Core::visit_flows(std::uint32_t from, std::uint32_t records_max,
                                            const std::function<bool(const FlowView&)>& visit) const {
  const std::uint32_t capacity = table_.capacity();
  const std::uint32_t first = std::min(from, capacity);
  const std::uint32_t end = first + std::min(records_max, capacity - first);
  std::uint32_t flow = first;
  for (bool more = true; more && flow < end; ++flow) {
    const FlowRecord& at = table_[flow];
    if (!at.used || at.state == FlowState::kTombstone || at.state == FlowState::kDropped) continue;
    more = visit(view_of(at));
  }
  return flow < capacity ? flow : kAllVisited;
}

FlowView FlowEngine::Core::view_of(const FlowRecord& at) const {
  FlowView view;
  view.facts = at.facts();
  view.summary = summary_of(at);
  if (at.watch != nullptr) {
    view.client_leg = tcp::name(is_opening(at.state) ? tcp::State::kSynReceived : tcp::State::kEstablished);
    view.server_leg =
        tcp::name(at.state == FlowState::kSynSeen ? tcp::State::kSynSent : tcp::State::kEstablished);
  } else if (at.adopted != nullptr) {
    view.client_leg = tcp::name(at.adopted->client().state());
    view.server_leg = tcp::name(at.adopted->server().state());
    view.session = at.adopted->session();
    view.client_endpoint = &at.adopted->client();
    view.server_endpoint = &at.adopted->server();
  }
  view.memo = at.memo.get();
  return view;
}

}  // namespace limpid::flow
