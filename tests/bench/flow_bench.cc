// What a packet costs in the flow engine, without ports: passed flows in a small and in a large table,
// packets that are no TCP, and the life of a flow. Packets come from a pool that hands the same buffers out
// again.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <vector>

#include "dataplane/flow/flow_engine.h"
#include "dataplane/tcp/segment.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/packet_view.h"
#include "tests/support/frames.h"

namespace {

using namespace limpid;  // NOLINT(google-build-using-namespace): a benchmark is its own world

/// Buffers on a free list, as a port's are; nothing is allocated while the clock runs.
class RecycledPackets final : public wire::PacketPool {
 public:
  explicit RecycledPackets(std::size_t buffers) : memory_(buffers * kSize) {
    for (std::size_t i = 0; i < buffers; ++i) free_.push_back(memory_.data() + i * kSize);
  }
  wire::Packet allocate(std::size_t size) override {
    if (free_.empty()) return {};
    std::byte* data = free_.back();
    free_.pop_back();
    return {*this, data, data, size};
  }
  void free(void* handle) override { free_.push_back(static_cast<std::byte*>(handle)); }
  std::size_t available() const override { return free_.size(); }

 private:
  static constexpr std::size_t kSize = 2048;
  std::vector<std::byte> memory_;
  std::vector<std::byte*> free_;
};

class Nowhere final : public flow::PacketOutput {
 public:
  void send(std::uint16_t /*segment*/, flow::Side /*to*/, wire::Packet packet) override {
    benchmark::DoNotOptimize(packet.bytes().data());
  }
};

class PassingUser final : public flow::FlowUser {
 public:
  flow::SynAdvice on_syn(const FlowFacts& /*facts*/, Instant /*now*/) override {
    return {.disposition = watch ? flow::Disposition::kWatch : flow::Disposition::kForward,
            .reason = Reason::none,
            .memo = nullptr};
  }
  flow::FirstBytesAdvice on_first_bytes(const FlowFacts& /*facts*/, Bytes /*bytes*/,
                                        Instant /*now*/) override {
    return {.kind = flow::FirstBytesAdvice::Kind::kForward,
            .reason = Reason::none,
            .memo = nullptr,
            .session = nullptr};
  }
  std::unique_ptr<flow::Session> adopt_undecided(const FlowFacts& /*facts*/, Instant /*now*/) override {
    return nullptr;
  }
  void on_closed(const FlowFacts& /*facts*/, const flow::FlowSummary& /*summary*/,
                 std::unique_ptr<flow::Session> /*session*/, std::unique_ptr<flow::FlowMemo> /*memo*/,
                 Instant /*now*/) override {}
  bool watch = false;
};

frames::Frame frame_of(std::uint32_t flow, bool from_client, unsigned flags, std::size_t payload) {
  const std::string client = "10." + std::to_string(flow >> 16U & 255U) + "." +
                             std::to_string(flow >> 8U & 255U) + ".1:" + std::to_string(1024 + (flow & 255U));
  const std::string server = "192.0.2.1:443";
  return frames::tcp(
      {.source = from_client ? client : server,
       .destination = from_client ? server : client,
       .seq = 1,
       .ack = 1,
       .flags = flags,
       .options = flags == tcp::kSyn ? frames::hex("0204 05b4") : frames::hex("0101 080a 00000001 00000002"),
       .payload = std::string(payload, 'x')});
}

struct Setup {
  explicit Setup(std::uint32_t flows) {
    settings.flows_max = flows + 16;
    engine = std::make_unique<flow::FlowEngine>(settings, user, output, pool, random, now);
  }
  void arrive(const frames::Frame& frame, flow::Side side) {
    wire::Packet packet = pool.allocate(frame.size());
    std::memcpy(packet.bytes().data(), frame.data(), frame.size());
    engine->on_packet(std::move(packet), {.segment = 0, .side = side}, now);
  }
  RecycledPackets pool{64};
  PassingUser user;
  Nowhere output;
  SeededRandom random{1};
  flow::FlowEngineSettings settings;
  Instant now{std::chrono::seconds(1)};
  std::unique_ptr<flow::FlowEngine> engine;
};

/// Of this process, as the kernel counts.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Small frames of `flows` passed flows in turn. The copy into the packet (what a port does) is in the
/// figure.
void forwarded_packet(benchmark::State& state) {
  const auto flows = static_cast<std::uint32_t>(state.range(0));
  const std::size_t before = resident_bytes();
  Setup setup(flows);
  for (std::uint32_t i = 0; i < flows; ++i)
    setup.arrive(frame_of(i, true, tcp::kSyn, 0), flow::Side::kClient);
  if (flows == 1'000'000)
    state.counters["bytes_a_flow"] = static_cast<double>(resident_bytes() - before) / flows;
  std::vector<frames::Frame> packets;
  for (std::uint32_t i = 0; i < flows; ++i) packets.push_back(frame_of(i, i % 2 == 0, tcp::kAck, 0));
  std::uint32_t next = 0;
  for (auto _ : state) {
    setup.arrive(packets[next], next % 2 == 0 ? flow::Side::kClient : flow::Side::kServer);
    // A stride that is no power of two: neighbours in time are no neighbours in memory.
    next += 7919;
    if (next >= flows) next %= flows;
  }
  state.SetItemsProcessed(state.iterations());
  if (setup.engine->counters().now_forwarded != flows) state.SkipWithError("not every flow is passed");
}
BENCHMARK(forwarded_packet)
    ->Arg(1'000'000)
    ->Arg(100'000)
    ->Arg(1'000);  // the largest first: it takes the memory

/// How long a question about sessions may keep a worker from its packets: one slice of a table of passed
/// flows.
void slice_of_passed_flows(benchmark::State& state) {
  constexpr std::uint32_t kFlows = 200'000;
  constexpr std::uint32_t kRecords = 1'024;  // control::LiveView::kRecordsPerSlice
  Setup setup(kFlows);
  for (std::uint32_t i = 0; i < kFlows; ++i)
    setup.arrive(frame_of(i, true, tcp::kSyn, 0), flow::Side::kClient);
  std::uint32_t at = 0;
  for (auto _ : state) {
    at = setup.engine->visit_flows(at, kRecords, [](const flow::FlowView& view) {
      benchmark::DoNotOptimize(view.summary.disposition);
      return true;
    });
    if (at == flow::FlowEngine::kAllVisited) at = 0;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(slice_of_passed_flows);

void packet_without_tcp(benchmark::State& state) {
  Setup setup(16);
  const frames::Frame frame = frames::udp({.payload = "query"});
  for (auto _ : state) setup.arrive(frame, flow::Side::kClient);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(packet_without_tcp);

/// SYN, SYN-ACK, ACK, first bytes, FIN, FIN, RST of a watched and then passed flow.
void watched_flow(benchmark::State& state) {
  Setup setup(1000);
  setup.user.watch = true;
  const auto segment = [](bool from_client, std::uint32_t seq, std::uint32_t ack, unsigned flags,
                          std::string payload) {
    return frames::tcp({.source = from_client ? "10.0.0.1:1" : "10.0.0.2:443",
                        .destination = from_client ? "10.0.0.2:443" : "10.0.0.1:1",
                        .seq = seq,
                        .ack = ack,
                        .flags = flags,
                        .options = (flags & tcp::kSyn) != 0 ? frames::hex("0204 05b4 0402 0101") : "",
                        .payload = std::move(payload)});
  };
  const std::vector<frames::Frame> life = {
      segment(true, 100, 0, tcp::kSyn, ""),         segment(false, 500, 101, tcp::kSyn | tcp::kAck, ""),
      segment(true, 101, 501, tcp::kAck, ""),       segment(true, 101, 501, tcp::kAck, std::string(517, 'h')),
      segment(false, 501, 618, tcp::kFin | 16, ""), segment(true, 618, 502, tcp::kFin | 16, ""),
  };
  const frames::Frame other_syn = segment(true, 9999, 0, tcp::kSyn, "");  // ends the flow at once
  for (auto _ : state) {
    for (std::size_t i = 0; i < life.size(); ++i) {
      const bool by_server = i == 1 || i == 4;
      setup.arrive(life[i], by_server ? flow::Side::kServer : flow::Side::kClient);
    }
    setup.arrive(other_syn, flow::Side::kClient);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(watched_flow);

void parse_frame(benchmark::State& state) {
  const frames::Frame frame = frame_of(1, true, tcp::kAck, 100);
  for (auto _ : state) benchmark::DoNotOptimize(wire::parse(frame));
}
BENCHMARK(parse_frame);

void checksum_1460(benchmark::State& state) {
  const frames::Frame bytes(1460, std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(wire::checksum_add(0, bytes));
  state.SetBytesProcessed(state.iterations() * 1460);
}
BENCHMARK(checksum_1460);

void hash_frame(benchmark::State& state) {
  const frames::Frame frame = frame_of(1, true, tcp::kAck, 100);
  for (auto _ : state) benchmark::DoNotOptimize(flow::flow_hash(frame, 7));
}
BENCHMARK(hash_frame);

}  // namespace

BENCHMARK_MAIN();
