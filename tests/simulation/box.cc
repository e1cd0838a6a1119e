#include "tests/simulation/box.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dataplane/base/random.h"
#include "tests/simulation/leg_lint.h"
#include "tests/simulation/tool_session.h"
#include "tests/support/memory_packets.h"
#include "tests/support/relay_session.h"

namespace limpid::simulation {
namespace {

using flow::Side;
using std::chrono::seconds;

constexpr std::uint64_t kStepsMax = 3'000'000;
constexpr Duration kToolMissedWithin = seconds(60);
constexpr std::size_t kToolLegBytes = (std::size_t{1} << 20U) * 9 / 4 + 65'536;  // tool_side_settings()
constexpr Duration kAllGoneWithin =
    std::chrono::hours(4);  // of the end: the longest deadline of an idle flow

/// Packet buffers that are now and then refused though, as far as one can see, there are enough.
class FaultyPool final : public wire::PacketPool {
 public:
  FaultyPool(double no_packet, std::uint64_t seed) : no_packet_(no_packet), dice_(seed) {}

  wire::Packet allocate(std::size_t size) override {
    if (out_ || dice_.chance(no_packet_)) {
      ++refused_;
      return {};
    }
    return memory_.allocate(size);
  }
  void free(void* /*handle*/) override {}  // packets are memory_'s
  std::size_t available() const override { return out_ ? 0 : memory_.available(); }
  wire::Packet packet(Bytes contents) { return memory_.packet(contents); }
  void run_out(bool out) { out_ = out; }
  std::size_t used() const { return memory_.used(); }
  std::uint64_t refused() const { return refused_; }

 private:
  wire::MemoryPacketPool memory_;
  double no_packet_;
  Dice dice_;
  bool out_ = false;
  std::uint64_t refused_ = 0;
};

/// One end with its wire to the box and back, and the observer of that leg.
struct StationModel {
  BoxLink link;
  Route route{};  // as it speaks
  LinkModel to_box{};
  LinkModel from_box{};
  Stream hears{};
  std::uint16_t mss_max = 0;
  std::uint64_t seed = 0;
};

struct Station {
  using RawLink = LinkOf<RawFrame>;
  Station(const StationModel& model, Instant start)
      : link(model.link),
        route(model.route),
        in(model.to_box, model.seed * 2 + 1, start),
        out(model.from_box, model.seed * 2 + 2, start),
        lint(model.hears, model.mss_max) {}

  BoxLink link;
  Route route;
  RawLink in;   // to the box
  RawLink out;  // from it
  LegLint lint;
  std::unique_ptr<Host> host{};
};

std::unique_ptr<Host> make_host(const BoxPeerModel& model, const Stream& writes, const Stream& reads,
                                std::uint64_t seed, Instant now) {
  switch (model.kind) {
    case BoxPeerModel::Kind::kEndpoint:
      return std::make_unique<EndpointHost>(model.endpoint, writes, reads, seed, now);
    case BoxPeerModel::Kind::kReference:
      return std::make_unique<ReferencePeer>(model.reference, writes, reads, now);
    case BoxPeerModel::Kind::kAdversary:
      return std::make_unique<AdversarialPeer>(model.reference, model.mischief, writes, reads, seed, now);
  }
  return nullptr;
}

std::uint16_t mss_max(std::uint16_t mtu, const BoxScenario& scenario) {
  return static_cast<std::uint16_t>(mtu - (scenario.route.from.ip.is_v6() ? 60 : 40));
}

Stream masked(Stream stream, const BoxScenario& scenario) {
  if (scenario.tool) stream.mask = scenario.tool->mask;
  return stream;
}

/// The server's frames have come another way.
Route servers_route(const Route& from_client) {
  Route route = from_client.back();
  route.ttl = static_cast<std::uint8_t>(route.ttl / 2 + 7);
  route.dscp = static_cast<std::uint8_t>(63 - route.dscp);
  return route;
}

class Box final : private flow::PacketOutput, private flow::FlowUser {
 public:
  Box(const BoxScenario& scenario, BoxObserver* observer)
      : scenario_(scenario),
        observer_(observer),
        from_client_{.name = scenario.seed * 977 + 1, .hello = scenario.hello},
        from_server_{.name = scenario.seed * 983 + 500},
        client_({.link = BoxLink::kClient,
                 .route = scenario.route,
                 .to_box = scenario.client_to_box,
                 .from_box = scenario.box_to_client,
                 .hears = masked(from_server_, scenario),
                 .mss_max = mss_max(scenario.engine.mtu.front(), scenario),
                 .seed = scenario.seed * 2},
                start_),
        server_({.link = BoxLink::kServer,
                 .route = servers_route(scenario.route),
                 .to_box = scenario.server_to_box,
                 .from_box = scenario.box_to_server,
                 .hears = masked(from_client_, scenario),
                 .mss_max = mss_max(scenario.engine.mtu.front(), scenario),
                 .seed = scenario.seed * 2 + 1},
                start_),
        client_side_(scenario.client_on_server_port ? Side::kServer : Side::kClient),
        pool_(scenario.faults.no_packet, scenario.seed * 997),
        dice_(scenario.seed * 991),
        random_(scenario.seed),
        path_(make_path()),
        engine_(scenario.engine, *this, *this, pool_, random_, start_) {
    client_.host = make_host(scenario.client, from_client_, from_server_, scenario.seed + 11, start_);
    server_.host = make_host(scenario.server, from_server_, from_client_, scenario.seed + 12, start_);
  }

  BoxResult play() {
    for (std::uint64_t step = 0; !result_.complaint && advance(); ++step) {
      if (step > kStepsMax) complain("does not come to an end");
      this->step();
      check_step();
    }
    result_.took = (ended_at_ == kNever ? now_ : ended_at_) - start_;
    result_.delivered = client_.host->application().read() + server_.host->application().read();
    describe();
    if (!result_.complaint) check_outcome(*client_.host, *server_.host, ToolPort::kTb, "client");
    if (!result_.complaint) check_outcome(*server_.host, *client_.host, ToolPort::kTa, "server");
    if (!result_.complaint) check_nothing_is_left();
    if (!result_.complaint) reconcile();
    cover();
    return result_;
  }

 private:
  // --- what the engine asks (FlowUser, PacketOutput) ---

  flow::SynAdvice on_syn(const FlowFacts& facts, Instant /*now*/) override {
    ++opened_;
    flow::SynAdvice advice;
    if (scenario_.policy == BoxPolicy::kForwardAtSyn) {
      advice.disposition = flow::Disposition::kForward;
      advice.memo = forward(facts);
    }
    if (scenario_.policy == BoxPolicy::kDropAtSyn) advice.disposition = flow::Disposition::kDrop;
    return advice;
  }
  flow::FirstBytesAdvice on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant /*now*/) override {
    using Kind = flow::FirstBytesAdvice::Kind;
    flow::FirstBytesAdvice advice;
    const std::size_t judged = std::min<std::size_t>(bytes.size(), scenario_.hello);
    if (first_difference(from_client_, 0, bytes.first(judged)) != judged) complain("shows wrong first bytes");
    if (bytes.size() < scenario_.hello) return advice;
    if (scenario_.policy == BoxPolicy::kForward) {
      advice.kind = Kind::kForward;
      advice.memo = forward(facts);
    }
    if (scenario_.policy == BoxPolicy::kReset) advice.kind = Kind::kReset;
    if (scenario_.policy == BoxPolicy::kAdopt) {
      advice.kind = Kind::kAdopt;
      advice.session = make_session(facts);
    }
    return advice;
  }
  flow::GivenUp on_given_up(const FlowFacts& facts, Bytes /*first_bytes*/, bool may_refuse,
                            Instant /*now*/) override {
    if (may_refuse && scenario_.policy == BoxPolicy::kReset) return {nullptr, Reason::blocked_by_rule};
    return {forward(facts), Reason::none};
  }
  /// Null: straight across.
  std::unique_ptr<flow::FlowMemo> forward(const FlowFacts& facts) {
    return scenario_.detours() ? path_->forward(facts) : nullptr;
  }
  std::unique_ptr<flow::Session> adopt_undecided(const FlowFacts& facts, Instant /*now*/) override {
    ++result_.coverage.undecided;
    return make_session(facts);
  }
  std::unique_ptr<flow::Session> make_session(const FlowFacts& facts) {
    if (!path_) return std::make_unique<flow::RelaySession>();
    return std::make_unique<ToolSession>(*path_, facts);
  }
  std::unique_ptr<ToolPath> make_path() {
    if (!scenario_.tool) return nullptr;
    ToolSurroundings with{.route = scenario_.route,
                          .from_client = from_client_,
                          .from_server = from_server_,
                          .client = client_.lint,
                          .server = server_.lint,
                          .packets = pool_,
                          .packet = [this](Bytes contents) { return pool_.packet(contents); },
                          .watch =
                              [this](ToolPort port, const RawFrame& frame, const Passage& passage) {
                                watch(port == ToolPort::kTa ? BoxLink::kToolA : BoxLink::kToolB, frame,
                                      passage);
                              },
                          .opened =
                              [this] {
                                client_.host->expect_mask(scenario_.tool->mask);
                                server_.host->expect_mask(scenario_.tool->mask);
                              },
                          .may_break = [this] { return may_break(); },
                          .was_there = [this](const RawFrame& frame) { return was_there(frame); },
                          .mss_max = mss_max(1500, scenario_),
                          .turned = scenario_.client_on_server_port};
    return std::make_unique<ToolPath>(*scenario_.tool, std::move(with), random_, scenario_.seed * 13, start_);
  }
  void on_closed(const FlowFacts& /*facts*/, const flow::FlowSummary& summary,
                 std::unique_ptr<flow::Session> /*session*/, std::unique_ptr<flow::FlowMemo> /*memo*/,
                 Instant /*now*/) override {
    ++closed_;
    // Where both ends are through with each other, the engine does not wait for a tool that is gone.
    const bool goes_on = path_ && path_->opened() && !path_->left() && !tool_did(Tool::Doing::kDead);
    if (goes_on) complain("closes a flow whose session goes on");
    if (summary.disposition == flow::Disposition::kTerminate) told_ = summary;
  }

  void send(std::uint16_t /*segment*/, Side to, wire::Packet packet) override {
    ++left_;
    const RawFrame frame(packet.bytes().begin(), packet.bytes().end());
    Station& station = to == client_side_ ? client_ : server_;
    Station& other = to == client_side_ ? server_ : client_;
    if (may_break()) station.lint.expect_reset(refused() || engine_.counters().flows_dropped > 0);
    const bool composed = engine_.counters().packets_composed > composed_;
    composed_ = engine_.counters().packets_composed;
    note(composed ? judge_composed(frame, station, other) : judge_forwarded(frame, station, other),
         to == client_side_ ? "the box, to the client, " : "the box, to the server, ");
    if (scenario_.detours()) were_there_.insert(hash_of(frame));
    send_over(station.out, station.in, station.link, frame);
  }

  /// A flow goes through the tool that is not decrypted.
  bool detours() const { return path_ && path_->forwards() && !path_->opened(); }
  bool was_there(const RawFrame& frame) const { return were_there_.contains(hash_of(frame)); }
  std::optional<Complaint> judge_composed(const RawFrame& frame, Station& station, const Station& other) {
    return detours() ? station.lint.cut(frame, other.lint) : station.lint.composed(frame, other.lint, now_);
  }
  std::optional<Complaint> judge_forwarded(const RawFrame& frame, Station& station, Station& other) {
    const bool of_the_flow = closed_ == 0 && !damages() && decode(frame);
    if (detours() && of_the_flow && !path_->came_out(frame)) return "lets a packet past the tool";
    return station.lint.forwarded(frame, other.lint);
  }
  bool damages() const { return scenario_.client_to_box.damage + scenario_.server_to_box.damage > 0; }

  // --- wires ---

  void watch(BoxLink link, const RawFrame& frame, const Passage& passage) {
    ++result_.frames;
    if (observer_ != nullptr) observer_->on_frame(link, frame, passage, now_);
  }
  /// `back`: on which reports about it come.
  void send_over(Station::RawLink& link, Station::RawLink& back, BoxLink number, const RawFrame& frame) {
    const Passage passage = link.send(frame, now_);
    watch(number, frame, passage);
    const std::optional<Frame> segment = decode(frame);
    if (!segment) return;
    if (passage.told_mtu) report(back, number, encode_too_big(frame, segment->seq, *passage.told_mtu));
    if (!dice_.chance(scenario_.faults.lies)) return;
    // Of somebody who does not know the numbers, or only nearly.
    const bool near = dice_.chance(0.5);
    const auto wrong =
        static_cast<std::uint32_t>(near ? segment->seq - 100'000 - dice_.between(1, 100'000) : dice_.next());
    report(back, number, encode_too_big(frame, wrong, static_cast<std::uint16_t>(dice_.between(68, 9000))));
  }
  void report(Station::RawLink& back, BoxLink number, RawFrame frame) {
    const Passage passage = back.send(frame, now_);
    watch(number, frame, passage);
  }
  void deliver_to_box(Station& station, Side side) {
    while (const auto frame = station.in.arrived(now_)) {
      ++came_;
      station.lint.heard(*frame, now_);
      if (scenario_.detours()) were_there_.insert(hash_of(*frame));
      engine_.on_packet(pool_.packet(*frame), {.segment = 0, .side = side}, now_);
    }
  }
  void run_host(Station& station, const char* who) {
    while (const auto raw = station.out.arrived(now_)) {
      if (const auto report = decode_too_big(*raw)) station.host->too_big(report->seq, report->segment_max);
      if (const auto frame = decode(*raw)) station.host->receive(*frame, now_);
    }
    note(station.host->run(now_,
                           [&](const Frame& frame) {
                             send_over(station.in, station.out, station.link, encode(station.route, frame));
                           }),
         who);
  }

  // --- time ---

  /// The engine's next deadline, and the jitter of whoever calls it.
  Instant engine_due() {
    const Instant asked = engine_.next_deadline();
    if (asked != asked_for_) {
      asked_for_ = asked;
      const auto most = static_cast<std::uint64_t>(scenario_.faults.timer_jitter.count());
      due_ = asked == kNever ? kNever : asked + Duration{static_cast<Duration::rep>(dice_.between(0, most))};
    }
    return due_;
  }
  Instant path_due() const { return path_ ? path_->deadline() : kNever; }

  bool advance() {
    Instant next = std::min({client_.host->deadline(), server_.host->deadline(), engine_due(), path_due(),
                             client_.in.next_arrival(), client_.out.next_arrival(), server_.in.next_arrival(),
                             server_.out.next_arrival()});
    if (next == kNever) return false;
    now_ = std::max(now_ + std::chrono::microseconds(1), next);
    if (!healed_ && now_ - start_ > scenario_.heals_after) heal();
    return true;
  }
  void heal() {
    healed_ = true;
    for (Station* station : {&client_, &server_}) {
      station->in.heal();
      station->out.heal();
    }
  }

  void step() {
    const Duration since = now_ - start_;
    const BoxFaults& faults = scenario_.faults;
    pool_.run_out(since >= faults.outage_at && since < faults.outage_at + faults.outage_for);
    if (engine_due() <= now_) engine_.run_timers(now_);
    deliver_to_box(client_, client_side_);
    deliver_to_box(server_, flow::opposite(client_side_));
    if (path_) path_->run(now_);
    engine_.flush(now_);
    run_host(client_, "client ");
    run_host(server_, "server ");
  }

  // --- what has happened ---

  void visit_flows(const std::function<void(const flow::FlowView&)>& visit) const {
    engine_.visit_flows(0, scenario_.engine.flows_max, [&visit](const flow::FlowView& view) {
      visit(view);
      return true;
    });
  }
  bool evicted() const { return engine_.counters().reasons[Reason::session_evicted] > 0; }
  /// Short of memory, the engine waits less long for who has closed one direction. It says so by and by.
  bool lost_patience() const {
    bool lost = told_ && told_->reason == Reason::half_closed_timeout;
    visit_flows([&lost](const flow::FlowView& view) {
      lost = lost || view.summary.reason == Reason::half_closed_timeout;
    });
    return lost && short_of_memory_;
  }
  bool somebody_aborted() const {
    return client_.host->application().aborted() || server_.host->application().aborted();
  }
  bool refused() const {
    return scenario_.policy == BoxPolicy::kDropAtSyn || scenario_.policy == BoxPolicy::kReset ||
           (scenario_.engine.at_limit == flow::AtLimit::kReset &&
            engine_.counters().pressure.level != flow::Level::kGreen);
  }
  bool tool_did(Tool::Doing doing) const { return path_ && path_->tool().doing() == doing; }
  bool tool_cut() const { return path_ && path_->tool().cut(); }
  bool tool_broke() const { return tool_did(Tool::Doing::kReset) || tool_did(Tool::Doing::kDead); }
  /// There is a reason for resets.
  bool may_break() {
    broken_ = broken_ || evicted() || lost_patience() || somebody_aborted() || refused() ||
              engine_.counters().flows_dropped > 0;
    return broken_ || tool_broke();
  }
  /// Somebody may wait for ever for one whose reset was lost, box or no box.
  bool done(const Host& host) {
    const bool may_wait = may_break() && host.deadline() == kNever;
    return host.ended() || host.application().aborted() || may_wait;
  }

  // --- oracles ---

  void complain(const Complaint& complaint) {
    if (!result_.complaint) result_.complaint = complaint;
  }
  void note(const std::optional<Complaint>& complaint, const std::string& who) {
    if (complaint) complain(who + *complaint);
  }

  void check_step() {
    if (path_) note(path_->complaint(), "");
    check_resources();
    check_legs();
    if (ended_at_ == kNever && done(*client_.host) && done(*server_.host) && engine_.drained())
      ended_at_ = now_;
    const Duration bound = may_break() ? scenario_.bound_if_broken : scenario_.bound;
    if (ended_at_ == kNever && now_ - start_ > bound) complain("has not ended in time");
    if (ended_at_ != kNever && now_ - ended_at_ > kAllGoneWithin) complain("is never at rest");
    check_tool();
  }
  void check_resources() {
    const flow::FlowCounters& counters = engine_.counters();
    if (pool_.used() != counters.now_held_packets) complain("keeps packet buffers that it does not count");
    if (counters.now_held_packets > scenario_.engine.held_packets_flow_max)
      complain("holds too many packets");
    short_of_memory_ = short_of_memory_ || counters.pressure.level != flow::Level::kGreen;
    const tcp::EndpointSettings& settings = scenario_.engine.endpoint;
    const std::size_t receive = std::max<std::size_t>(settings.receive_buffer_max, 65'536) * 5 / 4;
    const std::size_t leg = (receive + settings.send_buffer_max + 65'536) / tcp::kChunkSize + 8;
    const std::size_t used = engine_.stream_memory().used();
    const std::size_t tool_leg = path_ ? kToolLegBytes / tcp::kChunkSize + 8 : 0;
    if (used > std::min<std::size_t>(2 * (leg + tool_leg), scenario_.engine.stream_chunks_max)) {
      complain("holds " + std::to_string(used) + " chunks of stream memory");
    }
    if (used > 0 && engine_.drained()) complain("holds stream memory without a session");
  }
  /// What only the legs themselves know: they send no more than congestion lets them, and answer in time.
  void check_legs() {
    visit_flows([this](const flow::FlowView& view) {
      if (view.client_endpoint == nullptr) return;
      check_leg(client_, client_sends_, scenario_.client, *view.client_endpoint, "Na ");
      check_leg(server_, server_sends_, scenario_.server, *view.server_endpoint, "Nb ");
    });
  }
  struct Sends {
    std::uint64_t bytes = 0;  // sent, again or not
    std::uint32_t window = 0;
  };
  void check_leg(const Station& station, Sends& before, const BoxPeerModel& peer, const tcp::Endpoint& leg,
                 const char* who) {
    const tcp::EndpointCounters counters = leg.counters();
    const Sends sends{counters.bytes_sent + counters.bytes_retransmitted, leg.congestion_window()};
    const std::uint32_t allowed = std::max(before.window, sends.window) + leg.segment_max();
    // One segment may go whatever the window says: after a time-out, or as a probe.
    if (sends.bytes > before.bytes + leg.segment_max() && leg.bytes_in_flight() > allowed) {
      complain(who + ("has " + std::to_string(leg.bytes_in_flight())) + " bytes in flight, window " +
               std::to_string(sends.window));
    }
    before = sends;
    // An observer does not know what was refused: by an adversary, damaged where no checksum reaches, for
    // lack of memory, with an old timestamp.
    const bool knows = !damages() && peer.kind == BoxPeerModel::Kind::kEndpoint &&
                       counters.segments_refused == 0 && counters.memory_refusals == 0 &&
                       pool_.refused() == 0 && !may_break();
    if (knows) note(station.lint.check_silence(now_), who);
  }
  void check_tool() {
    const bool waits = tool_broke() && path_->unacknowledged() > 0;
    if (!waits) tool_waited_for_ = kNever;
    if (waits && tool_waited_for_ == kNever) tool_waited_for_ = now_;
    if (waits && now_ - tool_waited_for_ > kToolMissedWithin) complain("does not miss its tool");
  }

  /// What `host` has read of what `other` has written, which the tool took in at `port`.
  void check_outcome(const Host& host, const Host& other, ToolPort port, const std::string& who) {
    const Application& application = host.application();
    const Application& writer = other.application();
    const bool cut = tool_cut();
    const std::uint64_t whole = cut ? path_->tool().passed(port) : writer.written();
    if (application.read() > whole) complain(who + " has read more than there was");
    if (application.saw_end() && (application.read() != whole || (!cut && !writer.finish_called()))) {
      return complain(who + " saw an end that is none");
    }
    if (path_ && path_->broken()) {
      if (!tool_broke() && !may_break()) return complain("the tool side broke by itself");
      return;
    }
    if (may_break()) return;
    if (host.failure() != Reason::none)
      return complain(who + " failed: " + std::string(name(host.failure())));
    if (!cut && application.read() != writer.model().bytes) return complain(who + " did not get everything");
    if (!application.saw_end()) return complain(who + " did not see the end");
  }

  void check_nothing_is_left() {
    const flow::FlowCounters& counters = engine_.counters();
    if (ended_at_ == kNever) complain("is at rest, and has not ended");
    if (counters.now_adopted + counters.now_forwarded + counters.now_tombstones + counters.now_watched +
            counters.now_held_packets + counters.now_memo_bytes + counters.now_clients >
        0) {
      complain("keeps records");
    }
    if (engine_.stream_memory().used() > 0) complain("keeps stream memory");
    if (pool_.used() > 0) complain("keeps packet buffers");
    if (engine_.next_deadline() != kNever) complain("keeps a timer");
    note(client_.host->check_end(), "client ");
    note(server_.host->check_end(), "server ");
    if (!path_) return;
    const tool::InlineToolCounters& tool = path_->counters();
    if (tool.now_passages > 0) complain("keeps a passage");
    if (tool.unreachable + tool.timeouts > 0 && !tool_broke())
      complain("gives a tool up that has done nothing");
  }

  void reconcile() {
    const flow::FlowCounters& counters = engine_.counters();
    if (opened_ != closed_) complain("has not told the end of each flow once");
    if (counters.packets != came_) complain("has not counted each frame that came");
    if (counters.packets_forwarded + counters.packets_composed != left_) {
      complain("has not counted each frame that left");
    }
    const bool clean = !may_break() && !(path_ && path_->broken()) && !tool_cut();
    if (!clean || !told_) return;
    if (told_->bytes_from_client != client_.host->application().written() ||
        told_->bytes_from_server != server_.host->application().written()) {
      complain("has not counted each byte once");
    }
    if (told_->reason != Reason::none) complain("tells of a failure: " + std::string(name(told_->reason)));
  }

  void describe() {
    const flow::FlowCounters& counters = engine_.counters();
    result_.log = "client: " + client_.host->describe() + "\nserver: " + server_.host->describe() + "\n" +
                  (path_ ? path_->describe() : std::string{}) + "box: adopted " +
                  std::to_string(counters.flows_adopted) + ", forwarded " +
                  std::to_string(counters.flows_forwarded) + ", dropped " +
                  std::to_string(counters.flows_dropped) + ", at " +
                  std::to_string((now_ - start_) / std::chrono::milliseconds(1)) + " ms\n";
    visit_flows([this](const flow::FlowView& view) {
      result_.log +=
          "flow: Na " + std::string(view.client_leg) + ", Nb " + std::string(view.server_leg) + "\n";
    });
  }
  void cover() {
    const flow::FlowCounters& counters = engine_.counters();
    BoxCoverage& coverage = result_.coverage;
    const bool whole = path_ && path_->opened() && !path_->broken() && !tool_cut() && !may_break();
    coverage.adopted = counters.flows_adopted;
    coverage.forwarded = counters.flows_forwarded;
    coverage.dropped = counters.flows_dropped;
    coverage.through_tool = whole ? 1 : 0;
    const bool carried = detours() && path_->counters().flow_frames_out > 0;
    coverage.detoured = carried && !may_break() ? 1 : 0;
    coverage.detour_cut = detours() && counters.reasons[Reason::tool_down] > 0 ? 1 : 0;
    coverage.tool_ended = tool_cut() ? 1 : 0;
    coverage.tool_broke = path_ && path_->broken() && tool_broke() ? 1 : 0;
    coverage.aborted = somebody_aborted() ? 1 : 0;
    coverage.evicted = evicted() ? 1 : 0;
    coverage.no_packet = pool_.refused() > 0 ? 1 : 0;
    coverage.no_chunk = engine_.stream_memory().refused() > 0 ? 1 : 0;
    coverage.reports = counters.errors_consumed;
  }

  const BoxScenario& scenario_;
  BoxObserver* observer_;  // may be null
  Instant start_{seconds(1000)};
  Instant now_ = start_;
  Stream from_client_;
  Stream from_server_;
  Station client_;
  Station server_;
  Side client_side_;
  FaultyPool pool_;
  Dice dice_;
  SeededRandom random_;
  std::unique_ptr<ToolPath> path_;  // null: bytes pass from leg to leg
  flow::FlowEngine engine_;
  std::optional<flow::FlowSummary> told_{};  // of the session's end
  Instant asked_for_ = kNever;
  Instant due_ = kNever;
  Instant ended_at_ = kNever;
  Instant tool_waited_for_ = kNever;  // since then, though it broke
  Sends client_sends_{};
  Sends server_sends_{};
  std::uint64_t composed_ = 0;
  std::uint64_t came_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t closed_ = 0;
  std::unordered_set<std::size_t> were_there_;  // hashes of what came and what left, where flows detour
  bool healed_ = false;
  bool broken_ = false;
  bool short_of_memory_ = false;  // at some time
  BoxResult result_;
};

}  // namespace

void BoxCoverage::add(const BoxCoverage& other) {
  adopted += other.adopted;
  undecided += other.undecided;
  forwarded += other.forwarded;
  dropped += other.dropped;
  through_tool += other.through_tool;
  tool_ended += other.tool_ended;
  tool_broke += other.tool_broke;
  detoured += other.detoured;
  detour_cut += other.detour_cut;
  aborted += other.aborted;
  evicted += other.evicted;
  no_packet += other.no_packet;
  no_chunk += other.no_chunk;
  reports += other.reports;
}

BoxResult run(const BoxScenario& scenario, BoxObserver* observer) { return Box(scenario, observer).play(); }

}  // namespace limpid::simulation
