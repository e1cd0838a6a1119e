#include "dataplane/flow/flow_engine.h"

#include <chrono>

#include "dataplane/flow/flow_core.h"

namespace limpid::flow {

// --- The public face ------------------------------------------------------------------------------------

FlowEngine::FlowEngine(const FlowEngineSettings& settings, FlowUser& user, PacketOutput& output,
                       wire::PacketPool& pool, Random& random, Instant now)
    : core_(std::make_unique<Core>(settings, user, output, pool, random, now)) {}
FlowEngine::~FlowEngine() = default;

void FlowEngine::restore(std::span<const LedgerEntry> orphans, const OrphanShare& share, Instant now) {
  core_->restore(orphans, share, now);
}
void FlowEngine::on_packet(wire::Packet packet, Arrival from, Instant now) {
  core_->on_packet(std::move(packet), from, now);
}
void FlowEngine::flush(Instant now) { core_->flush(now); }
void FlowEngine::run_timers(Instant now) { core_->run_timers(now); }
Instant FlowEngine::next_deadline() const { return core_->next_deadline(); }
void FlowEngine::stop(Instant now) { core_->stop(now); }
bool FlowEngine::drained() const { return core_->drained(); }
void FlowEngine::abort_adopted(Instant now) { core_->abort_adopted(now); }
void FlowEngine::close_all(Instant now) { core_->close_all(now); }
const FlowCounters& FlowEngine::counters() const { return core_->counters(); }
const tcp::ChunkPool& FlowEngine::stream_memory() const { return core_->stream_memory(); }
std::uint32_t FlowEngine::visit_flows(std::uint32_t from, std::uint32_t records_max,
                                      const std::function<bool(const FlowView&)>& visit) const {
  return core_->visit_flows(from, records_max, visit);
}

// --- A packet's way -------------------------------------------------------------------------------------

namespace {

HashSecret secret_from(Random& random) {
  const std::uint64_t one = random.next();
  return {.one = one, .other = random.next()};
}

constexpr std::size_t kExpiriesPerCall = 1024;  // a mass expiry must not stall reception
constexpr Duration kRetryBuffers = std::chrono::milliseconds(1);

}  // namespace

bool Incoming::opens_flow() const {
  constexpr unsigned kControl = tcp::kSyn | tcp::kAck | tcp::kFin | tcp::kRst;
  return (view.flags & kControl) == tcp::kSyn;
}

bool Incoming::tells_of_text(std::int32_t offset) const {
  const auto size = static_cast<std::int32_t>(view.payload_size());
  return offset > 0 || (size != 0 && offset + size > 0);
}

FlowEngine::Core::Core(const FlowEngineSettings& settings, FlowUser& user, PacketOutput& output,
                       wire::PacketPool& pool, Random& random, Instant now)
    : settings_(settings),
      user_(user),
      output_(output),
      pool_(pool),
      chunks_(settings.stream_chunks_max),
      table_(settings.flows_max, secret_from(random)),
      clients_(limits_clients() ? settings.flows_max : 0, secret_from(random)),
      timers_(settings.flows_max, now),
      gauge_(settings.levels) {
  counters_.buffers_max = pool.available();
  waiting_.reserve(settings.adopted_max);
  serving_.reserve(settings.adopted_max);
}

void FlowEngine::Core::on_packet(wire::Packet packet, Arrival from, Instant now) {
  ++counters_.packets;
  counters_.bytes += packet.size();
  Incoming in;
  const Reason reason = wire::parse_into(packet.bytes(), in.view);
  if (reason != Reason::none) {
    if (reason == Reason::not_tcp && on_icmp_error(in.view.ip, from)) return;
    counters_.reasons.count(reason);
    return forward_frame(std::move(packet), from);
  }
  in.packet = std::move(packet);
  in.from = from;
  in.now = now;
  // It opens nothing and ends nothing: its receiver will not see it either.
  if (in.opens_flow() && !wire::checksums_valid(in.view)) {
    counters_.reasons.count(Reason::checksum_wrong);
    return forward(std::move(in.packet), from);
  }
  in.tuple = key_of(in.view, from.segment);
  in.hash = table_.hash(in.tuple.key);
  const std::uint32_t flow = table_.find(in.tuple.key, in.hash);
  if (flow == kNoFlow) return on_unknown(in);
  switch (table_[flow].state) {
    case FlowState::kForwarded:
    case FlowState::kClosing:
      return on_forwarded(flow, in);
    case FlowState::kSynSeen:
    case FlowState::kSynAnswered:
    case FlowState::kOpen:
    case FlowState::kDialogue:
    case FlowState::kHeld:
      return on_watched(flow, in);
    case FlowState::kAdopted:
      return on_adopted(flow, in);
    case FlowState::kTombstone:
      return on_tombstone(flow, in);
    case FlowState::kDropped:
      return refuse(flow, in);
  }
}

void FlowEngine::Core::flush(Instant now) {
  flushed_ = now;
  cut_short_ = false;
  // What queues itself again (no packet buffer) is served by the next flush.
  serving_.swap(waiting_);
  for (const std::uint32_t flow : serving_) {
    if (table_[flow].adopted == nullptr || !table_[flow].adopted->queued) continue;
    table_[flow].adopted->queued = false;
    service(flow, now);
  }
  serving_.clear();
  run_detours(now);
  look_at_memory(now);
}

void FlowEngine::Core::run_timers(Instant now) {
  timers_.run(now, kExpiriesPerCall, [this, now](std::uint32_t flow) { on_deadline(flow, now); });
  look_at_memory(now);
}

Instant FlowEngine::Core::next_deadline() const {
  Instant timer = timers_.next_deadline();
  if (gauge_.level() != Level::kGreen) timer = std::min(timer, look_at_);
  if (!detours_with_news_.empty()) return flushed_;
  if (waiting_.empty()) return timer;
  return std::min(timer, cut_short_ ? flushed_ + kRetryBuffers : flushed_);
}

// --- Stopping -------------------------------------------------------------------------------------------

void FlowEngine::Core::stop(Instant now) {
  stopped_ = true;
  for (std::uint32_t flow = 0; flow < table_.capacity(); ++flow) {
    if (!table_[flow].used || table_[flow].watch == nullptr) continue;
    table_[flow].last = now;
    give_up(flow, Reason::stopped, nullptr, now);
  }
}

void FlowEngine::Core::abort_adopted(Instant now) {
  for (std::uint32_t flow = 0; flow < table_.capacity(); ++flow) {
    if (!table_[flow].used || table_[flow].adopted == nullptr) continue;
    if (table_[flow].reason == Reason::none) table_[flow].reason = Reason::stopped;
    table_[flow].adopted->abort(Reason::stopped, now);
    service(flow, now);
  }
}

void FlowEngine::Core::close_all(Instant now) {
  stopped_ = true;
  for (std::uint32_t flow = 0; flow < table_.capacity(); ++flow) {
    if (table_[flow].used) close(flow, Reason::stopped, now);
  }
  waiting_.clear();
}

}  // namespace limpid::flow
