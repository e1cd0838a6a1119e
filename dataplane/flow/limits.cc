// The limits of interception: of a client address, of the worker, of its memory. At a limit a flow is not
// intercepted: it is passed, or reset where the operator wants that; what is only forwarded goes on in any
// case. Here, too, what a worker does as its memory becomes short (level.h).
#include <algorithm>

#include "dataplane/flow/flow_core.h"

namespace limpid::flow {

namespace {

constexpr Duration kLookInterval = std::chrono::milliseconds(10);  // at memory
constexpr Duration kListGrain = std::chrono::seconds(1);           // how exactly sessions are in order
constexpr std::uint32_t kRecordsPerLook = 64;                      // looked through for idle sessions
constexpr int kEvictionsPerLook = 16;

}  // namespace

// --- Refusing -------------------------------------------------------------------------------------------

/// These are the operator's to decide (at_limit), and not policy's.
bool FlowEngine::Core::is_limit(Reason reason) {
  return reason == Reason::memory_short || reason == Reason::adopted_flows_full ||
         reason == Reason::watched_flows_full || reason == Reason::client_sessions_full ||
         reason == Reason::client_watched_full;
}

Reason FlowEngine::Core::limit_of_client(const FlowRecord& at) {
  if (!limits_clients()) return Reason::none;
  const ClientShare share = clients_.share(at.key, at.client_is_low);
  if (settings_.client_adopted_max != 0 && share.adopted >= settings_.client_adopted_max)
    return Reason::client_sessions_full;
  // The flow itself is counted already.
  if (settings_.client_watched_max != 0 && share.watched > settings_.client_watched_max)
    return Reason::client_watched_full;
  return Reason::none;
}

/// What speaks against watching the flow, which has just been opened.
Reason FlowEngine::Core::limit_of_watch(std::uint32_t flow, Instant now) {
  if (gauge_.level() == Level::kRed) return Reason::memory_short;
  if (const Reason limit = limit_of_client(record(flow)); limit != Reason::none) return limit;
  if (counters_.now_watched <= settings_.watched_max) return Reason::none;
  // Handshakes that nobody finishes must not keep out those of others: the oldest gives way.
  const std::uint32_t oldest = list(ListNumber::kOpening).oldest();
  if (oldest == flow) return Reason::watched_flows_full;
  counters_.reasons.count(Reason::watched_flows_full);
  close(oldest, Reason::watched_flows_full, now);
  return Reason::none;
}

Reason FlowEngine::Core::limit_of_adoption(const FlowRecord& at) {
  if (counters_.now_adopted >= settings_.adopted_max) return Reason::adopted_flows_full;
  if (gauge_.level() == Level::kRed) return Reason::memory_short;
  const Reason limit = limit_of_client(at);
  return limit == Reason::client_sessions_full ? limit : Reason::none;
}

void FlowEngine::Core::refuse_watch(std::uint32_t flow, Reason limit, bool intercept, Incoming& in) {
  if (!intercept) {
    give_up(flow, Reason::none, nullptr, in.now);
    return pass_on(flow, in);
  }
  if (settings_.at_limit == AtLimit::kReset) return drop(flow, limit, in);
  const bool of_client = limit == Reason::client_watched_full || limit == Reason::client_sessions_full;
  if (of_client) {
    // Untracked: else records of this client's would push those of others out of a full table.
    counters_.reasons.count(limit);
    ++counters_.flows_forwarded;
    close(flow, limit, in.now);
    return forward(std::move(in.packet), in.from);
  }
  give_up(flow, limit, nullptr, in.now);
  pass_on(flow, in);
}

void FlowEngine::Core::refuse_adoption(std::uint32_t flow, Reason limit, Instant now) {
  if (settings_.at_limit == AtLimit::kReset) return reset_both(flow, limit, now);
  give_up(flow, limit, nullptr, now);
}

/// There is no record to be had. Where flows at a limit are reset, policy still says which these are.
void FlowEngine::Core::open_untracked(Incoming& in) {
  if (settings_.at_limit == AtLimit::kPass) return forward(std::move(in.packet), in.from);
  const FlowFacts facts = facts_of(in.tuple.key, in.tuple.from_low);
  SynAdvice advice = user_.on_syn(facts, in.now);
  FlowSummary summary{.opened = in.now, .last = in.now, .packets_from_client = 1};
  summary.disposition =
      advice.disposition == Disposition::kForward ? Disposition::kForward : Disposition::kDrop;
  summary.reason = advice.disposition == Disposition::kDrop ? advice.reason : Reason::flow_table_full;
  user_.on_closed(facts, summary, nullptr, std::move(advice.memo), in.now);
  if (summary.disposition == Disposition::kForward) return forward(std::move(in.packet), in.from);
  ++counters_.flows_dropped;
  answer_reset(in);
}

// --- Memory ---------------------------------------------------------------------------------------------

/// After each burst, but not more often than is of use.
void FlowEngine::Core::look_at_memory(Instant now) {
  count_refused_chunks();
  if (now < look_at_) return;
  look_at_ = now + kLookInterval;
  const std::size_t free = pool_.available();
  counters_.buffers_max = std::max(counters_.buffers_max, free);
  gauge_.update(percent(chunks_.load(), chunks_.limit()),
                percent(counters_.buffers_max - free, counters_.buffers_max), now);
  counters_.pressure = gauge_.pressure();
  counters_.level_changes = gauge_.changes();
  chunks_.economise(gauge_.level() != Level::kGreen);
  chunks_.age_promises(now);
  if (gauge_.level() == Level::kGreen) return;
  if (gauge_.level() == Level::kRed) evict_sessions(now);
  hurry_sessions(now);
}

/// The pool counts for itself: whoever asks it for memory only sees that there is none.
void FlowEngine::Core::count_refused_chunks() {
  counters_.reasons.count(Reason::stream_memory_exhausted, chunks_.refused() - refused_chunks_);
  refused_chunks_ = chunks_.refused();
}

/// Only stream memory is won by that: sessions hold no packet buffers.
void FlowEngine::Core::evict_sessions(Instant now) {
  for (int evicted = 0; evicted < kEvictionsPerLook; ++evicted) {
    const std::uint32_t flow = list(ListNumber::kSessions).oldest();
    if (flow == kNoFlow || percent(chunks_.load(), chunks_.limit()) < settings_.levels.red_until) return;
    FlowRecord& at = record(flow);
    if (now - at.adopted->moved_at() < settings_.evict_after) return;
    unlist(flow);
    at.reason = Reason::session_evicted;
    counters_.reasons.count(Reason::session_evicted);
    at.adopted->abort(Reason::session_evicted, now);
    service(flow, now);
  }
}

/// Bounds have become shorter, which sessions that nothing happens to would not notice for long.
void FlowEngine::Core::hurry_sessions(Instant now) {
  for (std::uint32_t i = 0; i < std::min(kRecordsPerLook, table_.capacity()); ++i) {
    if (++looked_at_ >= table_.capacity()) looked_at_ = 0;
    if (table_[looked_at_].adopted != nullptr) service(looked_at_, now);
  }
}

/// Keeps the sessions that hold memory in order: a session that has moved goes behind the others, though not
/// with every packet.
void FlowEngine::Core::list_session(std::uint32_t flow) {
  FlowRecord& at = record(flow);
  const AdoptedFlow& adopted = *at.adopted;
  const bool listed = at.list == ListNumber::kSessions;
  if (adopted.chunks() == 0) return listed ? unlist(flow) : void();
  if (listed && adopted.moved_at() - at.adopted->listed_at < kListGrain) return;
  unlist(flow);
  at.adopted->listed_at = adopted.moved_at();
  list(ListNumber::kSessions).push(table_, flow);
}

}  // namespace limpid::flow
