// Nanoseconds per segment through one endpoint, copies included. No frames, no checksums, no port: what the
// TCP state machine itself costs.
#include <benchmark/benchmark.h>

#include <optional>
#include <string>

#include "dataplane/tcp/endpoint.h"

namespace limpid::tcp {
namespace {

constexpr std::uint16_t kPayload = 1448;
constexpr int kBurst = 32;

Adoption adoption() {
  return {.snd_nxt = 1,
          .rcv_nxt = 1,
          .peer_window = 1U << 20U,
          .peer_window_shift = 7,
          .our_window_shift = 7,
          .sack = true,
          .timestamps = true,
          .mss = 1460,
          .our_window_announced = 65535,
          .rtt = std::chrono::milliseconds{1}};
}

constexpr std::size_t kChunks = 262'144;  // one worker's by default: no stream's share is the limit

class CopyingSink final : public SegmentSink {
 public:
  bool send(const SegmentOut& segment) override {
    std::memcpy(frame_, segment.payload_first.data(), segment.payload_first.size());
    if (!segment.payload_second.empty()) {
      std::memcpy(frame_ + segment.payload_first.size(), segment.payload_second.data(),
                  segment.payload_second.size());
    }
    benchmark::DoNotOptimize(frame_);
    next = segment.seq + static_cast<std::uint32_t>(segment.payload_size());
    ++segments;
    return true;
  }
  std::uint32_t next = 1;
  std::uint64_t segments = 0;

 private:
  std::byte frame_[2048];
};

// A burst of full segments comes in, is read by copying, and is acknowledged once.
void receive_bulk(benchmark::State& state) {
  EndpointSettings settings;
  ChunkPool pool(kChunks);
  Instant now{std::chrono::seconds{1}};
  Endpoint endpoint(settings, pool, adoption(), now);
  CopyingSink sink;
  const std::string payload(kPayload, 'p');
  std::string into(std::size_t{kPayload} * kBurst, '\0');
  SegmentIn segment{.seq = 1, .ack = 1, .window = 8192, .payload = as_bytes(payload)};
  std::uint32_t clock = 0;
  for (auto _ : state) {
    for (int i = 0; i < kBurst; ++i, segment.seq += kPayload) {
      segment.options.timestamps = wire::Timestamps{++clock, 0};
      endpoint.on_segment(segment, now);
    }
    const std::size_t size = endpoint.copy_front({reinterpret_cast<std::byte*>(into.data()), into.size()});
    endpoint.consume(size);
    endpoint.flush(sink, now);
    now += std::chrono::microseconds{100};
  }
  state.SetItemsProcessed(state.iterations() * kBurst);
  state.SetBytesProcessed(state.iterations() * kBurst * kPayload);
}
BENCHMARK(receive_bulk);

// Records are written, cut into segments, copied out and acknowledged in bursts.
void send_bulk(benchmark::State& state) {
  EndpointSettings settings;
  ChunkPool pool(kChunks);
  Instant now{std::chrono::seconds{1}};
  Endpoint endpoint(settings, pool, adoption(), now);
  CopyingSink sink;
  const std::string record(16384, 'r');
  SegmentIn ack{.seq = 1, .ack = 1, .window = 8192};
  for (auto _ : state) {
    while (endpoint.credit() >= record.size()) endpoint.write(as_bytes(record));
    endpoint.flush(sink, now);
    now += std::chrono::microseconds{200};
    ack.ack += (sink.next - ack.ack) / 2;
    endpoint.on_segment(ack, now);
    ack.ack = sink.next;
    endpoint.on_segment(ack, now);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(sink.segments));
  state.SetBytesProcessed(static_cast<std::int64_t>(sink.segments * kPayload));
}
BENCHMARK(send_bulk);

// One small question and its answer: the cost of a burst of one.
void request_and_answer(benchmark::State& state) {
  EndpointSettings settings;
  ChunkPool pool(kChunks);
  Instant now{std::chrono::seconds{1}};
  Endpoint endpoint(settings, pool, adoption(), now);
  CopyingSink sink;
  const std::string question(200, 'q');
  const std::string answer(600, 'a');
  SegmentIn segment{.seq = 1, .ack = 1, .window = 8192, .payload = as_bytes(question)};
  for (auto _ : state) {
    endpoint.on_segment(segment, now);
    endpoint.consume(endpoint.readable());
    endpoint.write(as_bytes(answer));
    endpoint.flush(sink, now);
    now += std::chrono::microseconds{50};
    segment.seq += 200;
    segment.ack = sink.next;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(request_and_answer);

void adopt_and_close(benchmark::State& state) {
  EndpointSettings settings;
  ChunkPool pool(kChunks);
  const Instant now{std::chrono::seconds{1}};
  CopyingSink sink;
  for (auto _ : state) {
    Endpoint endpoint(settings, pool, adoption(), now);
    endpoint.finish();
    endpoint.flush(sink, now);
    endpoint.on_segment({.seq = 1, .ack = 2, .window = 100, .flags = kAck | kFin}, now);
    endpoint.flush(sink, now);
    benchmark::DoNotOptimize(endpoint);
  }
  state.counters["sizeof(Endpoint)"] = sizeof(Endpoint);
}
BENCHMARK(adopt_and_close);

}  // namespace
}  // namespace limpid::tcp
