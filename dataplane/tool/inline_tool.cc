#include "dataplane/tool/inline_tool.h"

#include <algorithm>
#include <utility>

#include "dataplane/tcp/frame.h"
#include "dataplane/tcp/reset.h"
#include "dataplane/tool/flow_hash.h"
#include "dataplane/wire/icmp_error.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::tool {

tcp::EndpointSettings tool_side_settings() {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  tcp::EndpointSettings settings;
  settings.receive_buffer_max = std::size_t{1} << 20U;
  settings.send_buffer_max = std::size_t{1} << 20U;
  settings.initial_window_segments = 64;
  settings.rto_initial = milliseconds(200);
  settings.rto_min = milliseconds(30);
  settings.rto_max = seconds(2);
  settings.give_up_after = seconds(20);
  settings.zero_window_max = std::chrono::minutes(5);
  return settings;
}

void InlineToolCounters::add(const InlineToolCounters& other) {
  passages += other.passages;
  now_passages += other.now_passages;
  opened += other.opened;
  unreachable += other.unreachable;
  resets += other.resets;
  timeouts += other.timeouts;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  frames_received += other.frames_received;
  frames_sent += other.frames_sent;
  frames_foreign += other.frames_foreign;
  modified += other.modified;
  flows += other.flows;
  now_flows += other.now_flows;
  flow_frames_in += other.flow_frames_in;
  flow_frames_out += other.flow_frames_out;
  flow_bytes_in += other.flow_bytes_in;
  flow_bytes_out += other.flow_bytes_out;
  opening += other.opening;
  transit.add(other.transit);
  own.add(other.own);
}

// --- Passage --------------------------------------------------------------------------------------------

Passage::Passage(InlineTool& tool, const FlowFacts& flow, bool from_client_side, std::function<void()> wake,
                 tcp::ChunkPool& memory, Instant now)
    : tool_(tool),
      flow_(flow),
      ta_at_(from_client_side ? ToolSide::kA : ToolSide::kB),
      wake_(std::move(wake)),
      a_(tool.end(flow.segment, ta_at_), memory),
      b_(tool.end(flow.segment, other(ta_at_)), memory),
      began_(now),
      last_(now),
      give_up_at_(now + tool.settings_.open_max) {}

/// By which its frames are found: to the tool the client is whoever is at side A.
FlowFacts Passage::name() const {
  FlowFacts name = flow_;
  if (ta_at_ == ToolSide::kB) std::swap(name.client, name.server);
  return name;
}

Passage::~Passage() {
  if (!over()) {
    abort();
    // Nobody comes for this passage again; should no buffer be free now, the tool is told when it next sends.
    a_.flush(last_);
    b_.flush(last_);
  }
  note_modified();
  for (const TransitClock* clock : {&transit_a_, &transit_b_}) std::erase(tool_.went_in_, clock);
  if (registered_) tool_.leave(*this);
  if (tool_down_) tool_.board_->stranded.fetch_sub(1, std::memory_order_release);
  --tool_.counters_.now_passages;
}

Reason Passage::failure() const {
  if (a_.failure() != Reason::none) return a_.failure();
  if (b_.failure() != Reason::none) return b_.failure();
  return unreachable_ ? Reason::tool_unreachable : Reason::none;
}

void Passage::abort() {
  a_.abort();
  b_.abort();
}

void Passage::on_frame(wire::Packet /*packet*/, const wire::PacketView& view, ToolSide from, Instant now) {
  if (!wire::checksums_valid(view)) {
    ++tool_.counters_.frames_foreign;
    return;
  }
  (from == ta_at_ ? a_ : b_).on_segment(view, now);
  wake_();
}

void Passage::on_tool_down() {
  if (!tool_down_) tool_.board_->stranded.fetch_add(1, std::memory_order_relaxed);
  tool_down_ = true;
  wake_();
}

void Passage::service(Instant now) {
  last_ = now;
  a_.flush(now);
  b_.flush(now);
  note(now);
}

/// One end was reset by its session, and the tool has let the reset through to the other.
bool Passage::resets_itself() const {
  const auto aborted = [](const ToolEnd& end) {
    return end.open() && end.endpoint().closed() && end.failure() == Reason::none;
  };
  return aborted(a_) || aborted(b_);
}

/// Counters, and the time that opening may take.
void Passage::note(Instant now) {
  InlineToolCounters& counters = tool_.counters_;
  if (give_up_at_ != kNever && open()) {
    give_up_at_ = kNever;
    ++counters.opened;
    counters.opening += now - began_;
  }
  if (now >= give_up_at_ && failure() == Reason::none) {
    unreachable_ = true;
    abort();
    a_.flush(now);
    b_.flush(now);
  }
  const Reason failed = failure();
  if (failed != Reason::none && !failure_counted_) {
    failure_counted_ = true;
    give_up_at_ = kNever;
    if (failed == Reason::tool_unreachable) ++counters.unreachable;
    if (failed == Reason::tool_reset && !resets_itself()) ++counters.resets;
    if (failed == Reason::tool_timeout) ++counters.timeouts;
  }
  if (!open()) return;
  const tcp::EndpointCounters a = a_.endpoint().counters();
  const tcp::EndpointCounters b = b_.endpoint().counters();
  const std::uint64_t in = a.bytes_sent + b.bytes_sent;
  const std::uint64_t out = a.bytes_received + b.bytes_received;
  counters.bytes_in += in - std::exchange(counted_in_, in);
  counters.bytes_out += out - std::exchange(counted_out_, out);
  measure(transit_a_, a.bytes_sent, b.bytes_received, now);
  measure(transit_b_, b.bytes_sent, a.bytes_received, now);
  note_modified();
}

void Passage::measure(TransitClock& clock, std::uint64_t in, std::uint64_t out, Instant now) {
  const bool before = clock.fresh();
  const std::optional<TransitClock::Sample> sample = clock.look(in, out, now);
  if (clock.fresh() && !before) tool_.went_in_.push_back(&clock);
  if (!sample) return;
  tool_.counters_.transit.record(sample->tool);
  tool_.came_out_.push_back(sample->own);
}

void Passage::note_modified() {
  if (modified_counted_ || !(from_client_.modified() || from_server_.modified())) return;
  modified_counted_ = true;
  ++tool_.counters_.modified;
}

Instant Passage::deadline() const { return std::min({a_.deadline(), b_.deadline(), give_up_at_}); }

// --- InlineTool -----------------------------------------------------------------------------------------

std::size_t InlineTool::Hash::operator()(const FlowFacts& flow) const {
  return static_cast<std::size_t>(flow_hash(flow, secret));
}

bool InlineTool::Output::send(Bytes frame) {
  const bool sent = port_.send(frame);
  sent_ += static_cast<std::uint64_t>(sent);
  return sent;
}

void InlineTool::Output::send(wire::Packet packet) {
  ++sent_;
  port_.send(std::move(packet));
}

InlineTool::InlineTool(const InlineToolSettings& settings, wire::PacketPool& packets, Random& random,
                       PacketOutput& side_a, PacketOutput& side_b)
    : settings_(settings),
      packets_(packets),
      numbers_(random),
      output_a_(side_a, counters_.frames_sent),
      output_b_(side_b, counters_.frames_sent),
      ends_(make_ends()),
      takers_(0, Hash{random.next()}),
      secret_hosts_(0, Hash{random.next()}) {}

InlineTool::~InlineTool() = default;

std::vector<InlineTool::Ends> InlineTool::make_ends() {
  std::vector<Ends> ends;
  for (std::size_t number = 0; number < settings_.tags.segments_known(); ++number) {
    const auto segment = static_cast<std::uint16_t>(number);
    const auto at = [&](ToolSide side) {
      return ToolEndSurroundings{.settings = settings_.endpoint,
                                 .packets = packets_,
                                 .numbers = numbers_,
                                 .output = side == ToolSide::kA ? output_a_ : output_b_,
                                 .mtu = settings_.mtu,
                                 .tags = settings_.tags,
                                 .segment = segment};
    };
    const ToolSide clients = settings_.tags.clients_of(segment);
    ends.push_back({.a = at(clients), .b = at(other(clients))});
  }
  return ends;
}

std::unique_ptr<Passage> InlineTool::open(PassageRequest request, Instant now) {
  FlowFacts flow = as_named_here(request.flow);
  const PortMap& ports = request.ports != nullptr ? *request.ports : settings_.ports;
  flow.server.port = ports.of(request.flow.server.port);
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private
  std::unique_ptr<Passage> passage(
      new Passage(*this, flow, request.from_client_side, std::move(request.wake), request.memory, now));
  ++counters_.passages;
  ++counters_.now_passages;
  passage->registered_ = enter(*passage);
  if (passage->registered_) {
    wire::HeaderTemplate client = request.client;
    client.set_ports(passage->flow_.client.port, passage->flow_.server.port);
    passage->b_.listen(request.server);
    passage->a_.connect(client, now);
  } else {
    passage->give_up_at_ = now;
  }
  passage->service(now);
  return passage;
}

namespace {

/// What all flows between its hosts have in common.
FlowFacts hosts_of(FlowFacts flow) {
  flow.client.port = flow.server.port = 0;
  return ordered(flow);
}

}  // namespace

void InlineTool::leave(const Passage& passage) {
  const FlowFacts name = passage.name();
  takers_.erase(name);
  const auto hosts = secret_hosts_.find(hosts_of(name));
  if (--hosts->second == 0) secret_hosts_.erase(hosts);
}

bool InlineTool::enter(Passage& passage) {
  constexpr int kPortsTried = 64;
  constexpr std::uint16_t kPortLeast = 1'024;
  std::uint16_t& port = passage.flow_.client.port;
  for (int tried = 0; tried < (settings_.ports_change ? kPortsTried : 1); ++tried) {
    const FlowFacts name = passage.name();
    if (takers_.emplace(name, &passage).second) {
      ++secret_hosts_[hosts_of(name)];
      return true;
    }
    port = std::max<std::uint16_t>(static_cast<std::uint16_t>(port + 1), kPortLeast);
  }
  return false;
}

void InlineTool::on_packet(wire::Packet packet, ToolSide from, Instant now) {
  ++counters_.frames_received;
  const std::optional<std::uint16_t> segment = settings_.tags.pull(packet);
  if (!segment) {
    // A heartbeat has a tag of its own where it was told so.
    if (!note_heartbeat(packet.bytes(), from)) ++counters_.frames_foreign;
    return;
  }
  wire::PacketView view;
  if (wire::parse_into(packet.bytes(), view) != Reason::none)
    return on_other(std::move(packet), from, *segment);
  const ToolSide side = settings_.tags.clients_of(*segment) == ToolSide::kA ? from : other(from);
  const auto found = takers_.find(flow_of(view, side, *segment));
  if (found != takers_.end()) return found->second->on_frame(std::move(packet), view, side, now);
  ++counters_.frames_foreign;
  if (wire::checksums_valid(view)) answer_foreign(view, end(*segment, side));
}

void InlineTool::on_other(wire::Packet packet, ToolSide from, std::uint16_t segment) {
  // A heartbeat has to come back with its tag; what was just taken off fits on again.
  if (!settings_.tags.push(packet, segment) || note_heartbeat(packet.bytes(), from)) return;
  settings_.tags.pull(packet);
  if (others_ == nullptr || betrays(packet.bytes(), segment)) {
    ++counters_.frames_foreign;
    return;
  }
  note_out(packet.size());
  const ToolSide side = settings_.tags.clients_of(segment) == ToolSide::kA ? from : other(from);
  others_->on_other_frame(std::move(packet), side, segment);
}

/// The tool speaks of a session that is decrypted: with an ICMP error, which quotes it, or in fragments. No
/// network is to see that.
bool InlineTool::betrays(Bytes frame, std::uint16_t segment) const {
  const Result<wire::IpView, Reason> ip = wire::parse_ip(frame);
  if (!ip || secret_hosts_.empty()) return false;
  if (const std::optional<wire::IcmpError> error = wire::parse_icmp_error(*ip)) {
    const wire::IpView& quoted = error->quoted;
    return is_secret({.client = {quoted.source(), error->source_port},
                      .server = {quoted.destination(), error->destination_port},
                      .vlan = ip->vlan,
                      .segment = segment});
  }
  FlowFacts hosts = ordered(hosts_of(*ip));
  hosts.segment = segment;
  return ip->protocol == wire::kProtocolTcp && secret_hosts_.contains(hosts);
}

/// Of either direction.
bool InlineTool::is_secret(const FlowFacts& name) const {
  FlowFacts back = name;
  std::swap(back.client, back.server);
  for (const FlowFacts& each : {name, back}) {
    const auto found = takers_.find(each);
    if (found != takers_.end() && found->second->secret()) return true;
  }
  return false;
}

const ToolEndSurroundings& InlineTool::end(std::uint16_t segment, ToolSide side) const {
  const Ends& ends = ends_[settings_.tags.known_as(segment)];
  return side == ToolSide::kA ? ends.a : ends.b;
}

/// As far as the tool's wires tell segments apart.
FlowFacts InlineTool::as_named_here(FlowFacts flow) const {
  flow.segment = settings_.tags.known_as(flow.segment);
  return flow;
}

/// What leaves the tool at A comes from the server, and what leaves it at B from the client.
FlowFacts InlineTool::flow_of(const wire::PacketView& view, ToolSide from, std::uint16_t segment) {
  FlowFacts flow{
      .client = view.destination(), .server = view.source(), .vlan = view.ip.vlan, .segment = segment};
  if (from == ToolSide::kB) std::swap(flow.client, flow.server);
  return flow;
}

// --- What is not decrypted -------------------------------------------------------------------------------

bool InlineTool::enter(const FlowFacts& flow, FrameTaker& taker) {
  if (!takers_.emplace(as_named_here(flow), &taker).second) return false;
  ++counters_.flows;
  ++counters_.now_flows;
  return true;
}

void InlineTool::leave(const FlowFacts& flow) {
  takers_.erase(as_named_here(flow));
  --counters_.now_flows;
}

void InlineTool::put_in(std::uint16_t segment, ToolSide at, wire::Packet packet) {
  const std::size_t size = packet.size();
  if (!end(segment, at).send(std::move(packet))) return;
  ++counters_.flow_frames_in;
  counters_.flow_bytes_in += size;
}

bool InlineTool::put_in(std::uint16_t segment, ToolSide at, Bytes frame) {
  wire::Packet packet = packets_.allocate(frame.size());
  if (!packet) return false;
  std::ranges::copy(frame, packet.bytes().begin());
  if (!end(segment, at).send(std::move(packet))) return false;
  ++counters_.flow_frames_in;
  counters_.flow_bytes_in += frame.size();
  return true;
}

/// A connection that the tool still holds, and nobody else: it is to let go of it.
void InlineTool::answer_foreign(const wire::PacketView& view, const ToolEndSurroundings& end) {
  const std::optional<tcp::SegmentOut> reset = tcp::reset_for(view);
  if (!reset) return;
  wire::HeaderTemplate headers;
  headers.learn_mirrored(view);
  end.send(tcp::frame_of(packets_, headers, *reset));
}

// --- Health ---------------------------------------------------------------------------------------------

void InlineTool::watch(HealthBoard& board, const HeartbeatFrames& heartbeats) {
  board_ = &board;
  heartbeats_.emplace(heartbeats);
}

void InlineTool::judge(const HealthMonitorSettings& settings, Instant now) {
  monitor_.emplace(settings, *heartbeats_, *board_, output_a_, output_b_, now);
}

bool InlineTool::note_heartbeat(Bytes frame, ToolSide from) {
  if (!heartbeats_) return false;
  const HeartbeatWay way = from == ToolSide::kB ? HeartbeatWay::kAToB : HeartbeatWay::kBToA;
  const std::optional<HeartbeatFrames::Recognised> came = heartbeats_->recognise(frame, way);
  if (came) board_->note(*came, way);
  return came.has_value();
}

/// A loop with work is followed by the next at once: where that begins, it has ended.
void InlineTool::end_loop(Instant now) {
  for (TransitClock* clock : went_in_) clock->loop_ended(now);
  went_in_.clear();
  for (const Duration before : came_out_) counters_.own.record(before + (now - loop_began_));
  came_out_.clear();
  loop_began_ = now;
}

bool InlineTool::run(Instant now) {
  end_loop(now);
  const bool worked = monitor_ && monitor_->run(now);
  return notice_failure() || worked;
}

/// Each worker looks by itself: a tool is down for all of them at the same moment.
bool InlineTool::notice_failure() {
  if (board_ == nullptr) return false;
  const std::uint64_t failures = board_->failures.load(std::memory_order_acquire);
  if (failures == failures_seen_) return false;
  for (const auto& [flow, taker] : takers_) taker->on_tool_down();
  board_->noticed.fetch_add(failures - failures_seen_, std::memory_order_release);
  failures_seen_ = failures;
  return true;
}

}  // namespace limpid::tool
