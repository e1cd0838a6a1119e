// Event sequences against one endpoint: segments with fields near the interesting numbers, timers, and
// whatever its user may do. Invariants are checked after each event; what the endpoint says is not judged
// here (the simulator does).
#include <optional>
#include <vector>

#include "dataplane/tcp/endpoint.h"
#include "tests/fuzz/require.h"

namespace limpid::tcp {
namespace {

constexpr std::size_t kEventsMax = 400;
constexpr std::size_t kChunksMax = 96;
constexpr std::uint32_t kOurs = 0xFFFFF000U;

/// What is written at that position of the stream.
std::byte written_at(std::uint32_t at) { return static_cast<std::byte>((at * 2654435761U) >> 24U); }

class Sequence {
 public:
  explicit Sequence(Bytes input) : input_(input), pool_(kChunksMax), text_(4096, std::byte{'t'}) {
    settings_.out_of_order_ranges_max = 1 + input_.u8() % 8;
    settings_.quick_acks = input_.u8() % 4;
    settings_.receive_buffer_initial = 4096;
    settings_.receive_buffer_max = 65536;
    settings_.sent_segments_max = 64;
    const std::uint8_t flags = input_.u8();
    const Adoption adoption{.snd_nxt = kOurs,
                            .rcv_nxt = 0xFFFFFF00U,
                            .peer_window = input_.u16(),
                            .peer_window_shift = static_cast<std::uint8_t>(input_.u8() % 20),
                            .our_window_shift = static_cast<std::uint8_t>(input_.u8() % 20),
                            .sack = (flags & 1) != 0,
                            .ecn = (flags & 4) != 0,
                            .timestamps = (flags & 2) != 0,
                            .ts_recent = 100,
                            .ts_value = 200,
                            .mss = input_.u16(),
                            .our_window_announced = input_.u16(),
                            .rtt = std::chrono::milliseconds{input_.u8()}};
    endpoint_.emplace(settings_, pool_, adoption, now_);
  }

  void play() {
    for (std::size_t i = 0; i < kEventsMax && !input_.empty(); ++i) {
      one_event();
      check();
    }
    endpoint_.reset();
    require(pool_.used() == 0, "no chunk is left behind");
    require(pool_.load() == 0, "nor is anything else counted");
  }

 private:
  class Sink final : public SegmentSink {
   public:
    explicit Sink(std::size_t most) : left_(most) {}
    bool send(const SegmentOut& segment) override {
      if (left_ == 0) return false;
      --left_;
      ++sent;
      std::uint32_t at = segment.seq - kOurs;
      for (const Bytes piece : {segment.payload_first, segment.payload_second}) {
        for (const std::byte byte : piece)
          require(byte == written_at(at++), "what is sent is what was written there");
      }
      require(segment.options.sack_blocks <= 4, "SACK blocks fit");
      return true;
    }
    std::size_t sent = 0;

   private:
    std::size_t left_;
  };

  void one_event() {
    switch (input_.u8() % 10) {
      case 0:
      case 1:
      case 2:
      case 3:
        segment();
        break;
      case 4:
        write(input_.u16());
        break;
      case 5:
        endpoint_->consume(endpoint_->readable() * (input_.u8() % 5) / 4);
        break;
      case 6:
        flush(input_.u8());
        break;
      case 7:
        time();
        break;
      case 8:
        rare();
        break;
      case 9:
        if (endpoint_->deadline() != kNever) now_ = std::max(now_, endpoint_->deadline());
        endpoint_->on_timer(now_);
        flush(1000);
        break;
    }
  }

  void write(std::size_t size) {
    std::vector<std::byte> bytes(size % text_.size());
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = written_at(static_cast<std::uint32_t>(written_ + i));
    written_ += endpoint_->write(bytes);
  }

  void segment() {
    SegmentIn segment;
    const std::uint8_t shape = input_.u8();
    segment.seq = endpoint_->expected_sequence() + near(shape & 3U);
    segment.ack = endpoint_->next_sequence() + near((shape >> 2U) & 3U);
    segment.window = input_.u16();
    segment.flags = (shape & 16U) != 0 ? input_.u8() : std::uint8_t{kAck};
    segment.payload = Bytes(text_).first((shape & 32U) != 0 ? input_.u16() % 2000 : 0);
    if ((shape & 64U) != 0) {
      segment.options.sack_blocks = static_cast<std::uint8_t>(input_.u8() % 5);
      for (auto& block : segment.options.sack) {
        block = {endpoint_->next_sequence() - input_.u16(), endpoint_->next_sequence() - input_.u16()};
      }
    }
    if ((shape & 128U) != 0)
      segment.options.timestamps = wire::Timestamps{100U + input_.u8(), 200U + input_.u8()};
    segment.ce = segment.payload.size() % 2 == 1;
    endpoint_->on_segment(segment, now_);
  }

  // A distance that is mostly small, and sometimes anything.
  std::uint32_t near(unsigned kind) {
    switch (kind) {
      case 0:
        return 0;
      case 1:
        return static_cast<std::uint32_t>(static_cast<std::int8_t>(input_.u8()));
      case 2:
        return static_cast<std::uint32_t>(static_cast<std::int16_t>(input_.u16()));
      default:
        return input_.u32();
    }
  }

  void flush(std::size_t most) {
    Sink sink(most);
    endpoint_->flush(sink, now_);
    if (sink.sent < most)
      require(!endpoint_->wants_flush() || pool_.used() > 0, "a complete flush leaves nothing due");
    if (endpoint_->wants_flush())
      require(endpoint_->deadline() != kNever, "a refused segment is tried again");
  }

  void time() {
    now_ += std::chrono::milliseconds{input_.u16()};
    endpoint_->on_timer(now_);
  }

  void rare() {
    switch (input_.u8() % 16) {
      case 0:
        endpoint_->abort();
        break;
      case 1:
      case 2:
        endpoint_->finish();
        break;
      case 3:
        endpoint_->start_keepalive(now_);
        break;
      case 4: {
        const std::uint32_t quoted = endpoint_->next_sequence() - input_.u16();
        const std::uint16_t before = endpoint_->segment_max();
        const bool believed = endpoint_->on_too_big(quoted, input_.u16());
        require(believed == (endpoint_->segment_max() < before), "a segment only ever becomes smaller");
        break;
      }
      default:
        break;
    }
  }

  void check() {
    require(endpoint_->chunks() == pool_.used(), "all chunks are accounted for");
    require(endpoint_->readable() <= pool_.used() * kChunkSize, "what is readable is held");
    require(!(endpoint_->finished() && endpoint_->readable() > 0), "finished means drained");
    require(endpoint_->bytes_in_flight() <= endpoint_->unacknowledged(), "in flight is unacknowledged");
    if (endpoint_->closed()) {
      require(endpoint_->deadline() == kNever, "closed: no timer");
      require(endpoint_->credit() == 0, "closed: no credit");
    } else if (endpoint_->unacknowledged() > 0 && !endpoint_->wants_flush() &&
               endpoint_->state() != State::kClosed) {
      require(endpoint_->deadline() != kNever, "what waits has a timer");
    }
    Bytes piece = endpoint_->peek();
    require(piece.empty() == (endpoint_->readable() == 0), "peek() shows what is readable");
  }

  ByteReader input_;
  ChunkPool pool_;
  EndpointSettings settings_;
  std::vector<std::byte> text_;  // of the peer
  std::size_t written_ = 0;
  std::optional<Endpoint> endpoint_;
  Instant now_{std::chrono::seconds{10}};
};

}  // namespace
}  // namespace limpid::tcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  limpid::tcp::Sequence({reinterpret_cast<const std::byte*>(data), size}).play();
  return 0;
}
