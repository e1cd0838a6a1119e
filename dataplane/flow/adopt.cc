// Adopted flows: taking over, taking segments in, serving them after each burst, and what is left when they
// have ended, or when the process before this one died with them.
#include <optional>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/flow/flow_core.h"

namespace limpid::flow {

void FlowEngine::Core::adopt(std::uint32_t flow, std::unique_ptr<Session> session, Instant now) {
  LIMPID_CHECK(session != nullptr, "a flow cannot be adopted without a session");
  FlowRecord& at = record(flow);
  const std::unique_ptr<Watch> watch = std::move(at.watch);
  const AdoptedFlow::Place place{
      .segment = at.key.segment, .client_side = at.client_side, .mss_max = mss_max(at)};
  at.adopted = std::make_unique<AdoptedFlow>(settings_.endpoint, chunks_, watch->handshake, place,
                                             std::move(session), now);
  for (const HeldPacket& held : watch->hold->packets()) {
    const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(held.view.option_bytes());
    if (options) at.adopted->on_segment(true, held.view, *options, now);
  }
  counters_.now_held_packets -= static_cast<std::uint32_t>(watch->hold->packets().size());
  ++counters_.flows_adopted;
  if (settings_.ledger != nullptr) {
    at.ledger_slot = settings_.ledger->add({.facts = at.facts(),
                                            .inner_vlan = at.key.inner_vlan,
                                            .client_side = at.client_side,
                                            .next_to_client = watch->handshake.server().next,
                                            .next_to_server = watch->handshake.client().next});
  }
  enter(flow, FlowState::kAdopted);
  queue_service(flow);
}

void FlowEngine::Core::on_adopted(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  const bool from_client = at.from_client(in.tuple.from_low);
  if (in.from.side != (from_client ? at.client_side : opposite(at.client_side))) {
    return forward(std::move(in.packet), in.from);
  }
  const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(in.view.option_bytes());
  if (!options || !wire::checksums_valid(in.view)) {
    ++counters_.packets_dropped;
    return counters_.reasons.count(options ? Reason::checksum_wrong : Reason::frame_malformed);
  }
  note_traffic(at, from_client, in);
  at.adopted->on_segment(from_client, in.view, *options, in.now);
  queue_service(flow);
}

/// Ends did not send what their endpoints have sent, and must not hear of it. Only the size is acted upon: an
/// unreachable host shows by its silence (RFC 5927 §5, RFC 9293 §3.9.2.2).
bool FlowEngine::Core::on_icmp_error(const wire::IpView& packet, Arrival from) {
  const std::optional<wire::IcmpError> error = wire::parse_icmp_error(packet);
  if (!error) return false;
  const KeyOfPacket tuple = key_of(*error, from.segment);
  const std::uint32_t flow = table_.find(tuple.key, table_.hash(tuple.key));
  if (flow == kNoFlow || table_[flow].state != FlowState::kAdopted) return false;
  FlowRecord& at = record(flow);
  // It comes from where the quoted segment went.
  const bool in_clients_name = at.from_client(tuple.from_low);
  if (from.side != (in_clients_name ? opposite(at.client_side) : at.client_side)) return false;
  ++counters_.errors_consumed;
  if (error->too_big) at.adopted->on_too_big(in_clients_name, error->seq, error->mtu);
  queue_service(flow);
  return true;
}

void FlowEngine::Core::queue_service(std::uint32_t flow) {
  if (record(flow).adopted->queued) return;
  record(flow).adopted->queued = true;
  waiting_.push_back(flow);
}

void FlowEngine::Core::service(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  at.adopted->service(*this, gauge_.level() == Level::kGreen ? kPatience : kShortPatience, now);
  if (settings_.ledger != nullptr) {
    settings_.ledger->note(at.ledger_slot, at.adopted->client().next_sequence(),
                           at.adopted->server().next_sequence());
  }
  if (at.adopted->done(now)) return end_adopted(flow, now);
  list_session(flow);
  if (at.adopted->cut_short()) {
    cut_short_ = true;
    queue_service(flow);
  }
  timers_.arm(flow, expiry_of(at));
}

void FlowEngine::Core::end_adopted(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  report(flow, Reason::none, now);
  at.tombstone = std::make_unique<Tombstone>(at.adopted->tombstone());
  at.adopted.reset();
  if (settings_.ledger != nullptr) settings_.ledger->remove(std::exchange(at.ledger_slot, Ledger::kNoSlot));
  at.last = now;
  enter(flow, FlowState::kTombstone);
}

// --- Tombstones -----------------------------------------------------------------------------------------

void FlowEngine::Core::on_tombstone(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  if (in.opens_flow()) return open_again(flow, in);
  const bool from_client = at.from_client(in.tuple.from_low);
  if (in.from.side != (from_client ? at.client_side : opposite(at.client_side))) {
    return forward(std::move(in.packet), in.from);
  }
  ++counters_.packets_dropped;
  if (at.orphan) answer_orphan(flow, in, from_client);
  const LegEnd& end = from_client ? at.tombstone->client : at.tombstone->server;
  const std::optional<tcp::SegmentOut> reply = answer(end, in.view);
  if (!reply) return;
  at.last = in.now;
  wire::HeaderTemplate headers;
  headers.learn_mirrored(in.view);
  headers.set_manner(end.manner);
  send(in.from.segment, in.from.side, headers, *reply);
}

/// The first packet of a flow that was adopted when the process before this one died: the sender is answered
/// by its tombstone; the other end gets a RST with the number that was noted for it. Should that be an old
/// one, its challenge (RFC 5961) comes here, and the tombstone answers that.
void FlowEngine::Core::answer_orphan(std::uint32_t flow, const Incoming& in, bool from_client) {
  FlowRecord& at = record(flow);
  at.orphan = false;
  at.last = in.now;
  counters_.reasons.count(Reason::restarted);
  wire::HeaderTemplate headers;
  headers.learn(in.view);
  const LegEnd& other = from_client ? at.tombstone->server : at.tombstone->client;
  send(in.from.segment, opposite(in.from.side), headers, {.seq = other.next, .flags = tcp::kRst});
  timers_.arm(flow, expiry_of(at));
}

void FlowEngine::Core::answer_reset(const Incoming& in) {
  ++counters_.packets_dropped;
  const std::optional<tcp::SegmentOut> reply = reset_for(in.view);
  if (!reply) return;
  wire::HeaderTemplate headers;
  headers.learn_mirrored(in.view);
  send(in.from.segment, in.from.side, headers, *reply);
}

void FlowEngine::Core::restore(std::span<const LedgerEntry> orphans, Instant now) {
  for (const LedgerEntry& entry : orphans) {
    const KeyOfPacket tuple = key_of(entry.facts, entry.inner_vlan);
    const std::uint32_t hash = table_.hash(tuple.key);
    if (table_.full() || table_.find(tuple.key, hash) != kNoFlow) continue;
    const std::uint32_t flow = table_.insert(tuple.key, hash);
    FlowRecord& at = record(flow);
    at.client_is_low = tuple.from_low;
    at.client_side = entry.client_side;
    at.opened = now;
    at.last = now;
    at.reported = true;  // to the user of the process before
    at.orphan = true;
    at.tombstone =
        std::make_unique<Tombstone>(Tombstone{.client = {.next = entry.next_to_client, .reset = true},
                                              .server = {.next = entry.next_to_server, .reset = true}});
    at.state = FlowState::kTombstone;
    count_state(at, at.state, 1);
    list(ListNumber::kEnding).push(table_, flow);
    if (settings_.ledger != nullptr) at.ledger_slot = settings_.ledger->add(entry);
    timers_.arm(flow, expiry_of(at));
  }
}

}  // namespace limpid::flow
