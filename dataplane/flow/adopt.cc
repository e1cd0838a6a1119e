// Adopted flows: taking over, taking segments in, serving them after each burst, and what is left when they
// have ended, or when the process before this one died with them.
#include <chrono>
#include <optional>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/flow/flow_core.h"
#include "dataplane/tcp/reset.h"

namespace limpid::flow {

namespace {

// Of an earlier process: not before the ports are awake, and no more than 2,000 flows a second.
constexpr Duration kOrphansAfter = std::chrono::milliseconds(100);
constexpr Duration kOrphanSpacing = std::chrono::microseconds(500);

}  // namespace

void FlowEngine::Core::adopt(std::uint32_t flow, std::unique_ptr<Session> session, Instant now) {
  LIMPID_CHECK(session != nullptr, "a flow cannot be adopted without a session");
  FlowRecord& at = record(flow);
  const std::unique_ptr<Watch> watch = std::move(at.watch);
  const AdoptedFlow::Place place{
      .flow = flow, .segment = at.key.segment, .client_side = at.client_side, .mss_max = mss_max(at)};
  const AdoptedFlow::Surroundings with{.settings = settings_.endpoint, .pool = chunks_, .queue = *this};
  at.adopted = std::make_unique<AdoptedFlow>(with, watch->handshake, place, std::move(session), now);
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
                                            .client = at.adopted->client_leg(),
                                            .server = at.adopted->server_leg()});
  }
  enter(flow, FlowState::kAdopted);
  queue_service(flow);
}

void FlowEngine::Core::on_adopted(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  const bool from_client = at.from_client(in.tuple.from_low);
  if (in.from.side != at.side_of(from_client)) {
    return forward(std::move(in.packet), in.from);
  }
  if (drop_damaged(in)) return;
  const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(in.view.option_bytes());
  if (!options) {
    ++counters_.packets_dropped;
    return counters_.reasons.count(Reason::frame_malformed);
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
    settings_.ledger->note(at.ledger_slot, at.adopted->client_leg(), at.adopted->server_leg());
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
  if (in.from.side != at.side_of(from_client)) {
    return forward(std::move(in.packet), in.from);
  }
  if (drop_damaged(in)) return;
  ++counters_.packets_dropped;
  if (at.orphan != nullptr) hear_orphan(flow, in, from_client);
  const LegEnd& end = from_client ? at.tombstone->client : at.tombstone->server;
  const std::optional<tcp::SegmentOut> reply = answer(end, in.view);
  if (!reply) return;
  at.last = in.now;
  wire::HeaderTemplate headers;
  headers.learn_mirrored(in.view);
  headers.set_manner(end.manner);
  send(in.from.segment, in.from.side, headers, *reply);
}

/// True where it was: nothing that it says counts.
bool FlowEngine::Core::drop_damaged(const Incoming& in) {
  if (wire::checksums_valid(in.view)) return false;
  ++counters_.packets_dropped;
  counters_.reasons.count(Reason::checksum_wrong);
  return true;
}

void FlowEngine::Core::answer_reset(const Incoming& in) {
  ++counters_.packets_dropped;
  const std::optional<tcp::SegmentOut> reply = tcp::reset_for(in.view);
  if (!reply) return;
  wire::HeaderTemplate headers;
  headers.learn_mirrored(in.view);
  send(in.from.segment, in.from.side, headers, *reply);
}

// --- Orphans --------------------------------------------------------------------------------------------

void FlowEngine::Core::restore(std::span<const LedgerEntry> orphans, const OrphanShare& share, Instant now) {
  Instant first_reset = now + kOrphansAfter;
  for (std::size_t i = 0; i < orphans.size(); ++i) {
    const bool ours = i % share.of == share.index;
    if (restore_one(orphans[i], ours ? first_reset : kNever, now) && ours) first_reset += kOrphanSpacing;
  }
}

/// False where there is no room, or the flow is known already.
bool FlowEngine::Core::restore_one(const LedgerEntry& entry, Instant first_reset, Instant now) {
  const KeyOfPacket tuple = key_of(entry.facts, entry.inner_vlan);
  const std::uint32_t hash = table_.hash(tuple.key);
  if (table_.full() || table_.find(tuple.key, hash) != kNoFlow) return false;
  const std::uint32_t flow = table_.insert(tuple.key, hash);
  FlowRecord& at = record(flow);
  at.client_is_low = tuple.from_low;
  at.client_side = entry.client_side;
  at.opened = now;
  at.last = now;
  at.reported = true;  // to the user of the process before
  at.orphan = std::make_unique<Orphan>(entry, first_reset);
  at.tombstone =
      std::make_unique<Tombstone>(Tombstone{.client = {.reset = true, .manner = entry.client.manner},
                                            .server = {.reset = true, .manner = entry.server.manner}});
  at.state = FlowState::kTombstone;
  count_state(at, at.state, 1);
  list(ListNumber::kEnding).push(table_, flow);
  if (settings_.ledger != nullptr) at.ledger_slot = settings_.ledger->add(entry);
  timers_.arm(flow, expiry_of(at));
  return true;
}

/// The sender is answered by its tombstone, exactly; the other end is told, too.
void FlowEngine::Core::hear_orphan(std::uint32_t flow, const Incoming& in, bool from_client) {
  FlowRecord& at = record(flow);
  if (!at.orphan->told()) counters_.reasons.count(Reason::restarted);
  at.orphan->hear(*this, from_client, in.view, in.now);
  at.last = in.now;
  end_orphan_if_over(flow);
}

void FlowEngine::Core::reset_orphan(std::uint32_t flow, Instant now) {
  FlowRecord& at = record(flow);
  if (!at.orphan->told()) counters_.reasons.count(Reason::restarted);
  at.orphan->run(*this, now);
  end_orphan_if_over(flow);
}

/// What is left then is a tombstone like any other.
void FlowEngine::Core::end_orphan_if_over(std::uint32_t flow) {
  FlowRecord& at = record(flow);
  if (at.orphan->over()) {
    at.orphan.reset();
    if (settings_.ledger != nullptr) settings_.ledger->remove(std::exchange(at.ledger_slot, Ledger::kNoSlot));
  }
  timers_.arm(flow, expiry_of(at));
}

}  // namespace limpid::flow
