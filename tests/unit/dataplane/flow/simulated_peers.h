// Two peers and a lossy wire around a FlowEngine, in virtual time. A peer shakes hands by itself and then is
// a tcp::Endpoint; what it knows of the other it knows from frames alone, as these arrive.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/random.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/flow/tombstone.h"
#include "dataplane/tcp/endpoint.h"
#include "dataplane/tcp/reset.h"
#include "dataplane/wire/segment_composer.h"
#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"

namespace limpid::flow {

using frames::Frame;

struct PeerModel {
  std::string own;
  std::string other;
  std::vector<std::uint16_t> vlans;
  std::uint32_t isn = 0;
  bool opens = false;
  wire::TcpOptions syn;
  std::string writes;
  std::size_t first_write = 0;  // this much at once, the rest after pause
  Duration pause{};
  std::optional<Duration> aborts_after;
};

class SimulatedPeer final : public tcp::SegmentSink {
 public:
  SimulatedPeer(PeerModel model, wire::MemoryPacketPool& packets, Instant now)
      : model_(std::move(model)), packets_(packets), start_(now), syn_at_(model_.opens ? now : kNever) {
    const Frame prototype = frames::tcp({.source = model_.own,
                                         .destination = model_.other,
                                         .vlans = model_.vlans,
                                         .ttl = model_.opens ? 61U : 55U,
                                         .source_mac = model_.opens ? 0xcU : 0x5U,
                                         .destination_mac = model_.opens ? 0x5U : 0xcU});
    headers_.learn(*wire::parse(prototype));
  }

  void receive(const Frame& frame, Instant now) {
    const auto view = wire::parse(frame);
    if (!view || !wire::checksums_valid(*view)) return;
    const auto options = wire::parse_tcp_options(view->option_bytes());
    if (!options) return;
    if (!endpoint_ && !shake_hands(*view, *options, now)) return;
    if (endpoint_->closed()) {
      // No connection is left: as every host does (RFC 9293 §3.10.7.1).
      const auto reset = tcp::reset_for(*view);
      if (reset) emit(*reset);
      return;
    }
    endpoint_->on_segment({.seq = view->seq,
                           .ack = view->ack,
                           .window = view->window,
                           .flags = view->flags,
                           .options = *options,
                           .payload = view->payload()},
                          now);
  }

  /// Timers, application, transmission. Returns the frames to be sent.
  std::vector<Frame> run(Instant now) {
    ran_at_ = now;
    if (!endpoint_ && now >= syn_at_) {
      emit({.seq = model_.isn,
            .window = 65'535,
            .flags = tcp::kSyn,
            .options = with_timestamp(model_.syn, now)});
      syn_at_ = now + std::chrono::milliseconds(300);
    }
    if (endpoint_) {
      if (endpoint_->deadline() <= now) endpoint_->on_timer(now);
      use_stream(now);
      endpoint_->flush(*this, now);
    }
    return std::exchange(out_, {});
  }
  Instant deadline() const {
    if (!endpoint_) return syn_at_;
    Instant earliest = endpoint_->deadline();
    if (write_at_ > ran_at_) earliest = std::min(earliest, write_at_);
    if (model_.aborts_after && !aborted_) earliest = std::min(earliest, start_ + *model_.aborts_after);
    return earliest;
  }

  bool ended() const {
    return endpoint_ && (endpoint_->closed() || endpoint_->state() == tcp::State::kTimeWait);
  }
  Reason failure() const { return endpoint_ ? endpoint_->failure() : Reason::none; }
  bool saw_end() const { return saw_end_; }
  bool aborted() const { return aborted_; }
  const std::string& received() const { return received_; }
  const std::string& writes() const { return model_.writes; }

  bool send(const tcp::SegmentOut& segment) override {
    emit(segment);
    return true;
  }

 private:
  static std::uint32_t clock(Instant now) {
    return static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::milliseconds(1));
  }
  wire::TcpOptions with_timestamp(wire::TcpOptions options, Instant now) const {
    if (options.timestamps) options.timestamps = wire::Timestamps{.value = clock(now), .echo = 0};
    return options;
  }
  void emit(const tcp::SegmentOut& segment) {
    const wire::Packet packet = wire::compose_segment(packets_, headers_,
                                                      {.seq = segment.seq,
                                                       .ack = segment.ack,
                                                       .window = segment.window,
                                                       .flags = segment.flags,
                                                       .payload_first = segment.payload_first,
                                                       .payload_second = segment.payload_second},
                                                      segment.options);
    out_.emplace_back(packet.bytes().begin(), packet.bytes().end());
  }

  /// True where the endpoint exists now and wants the segment.
  bool shake_hands(const wire::PacketView& view, const wire::TcpOptions& options, Instant now) {
    const bool syn = (view.flags & tcp::kSyn) != 0;
    if (syn) {
      peer_ = options;
      peer_isn_ = view.seq;
      peer_window_ = view.window;
      if (!model_.opens) {
        wire::TcpOptions answer = model_.syn;
        if (!options.timestamps) answer.timestamps.reset();
        if (!options.window_scale) answer.window_scale.reset();
        answer.sack_permitted = answer.sack_permitted && options.sack_permitted;
        answer = with_timestamp(answer, now);
        emit({.seq = model_.isn,
              .ack = view.seq + 1,
              .window = 65'535,
              .flags = tcp::kSyn | tcp::kAck,
              .options = answer});
        return false;
      }
      if (view.ack != model_.isn + 1) return false;
      begin(now);
      tcp::SegmentOut third{.seq = model_.isn + 1, .ack = peer_isn_ + 1, .window = 512, .flags = tcp::kAck};
      if (endpoint_uses_timestamps_) {
        third.options.timestamps = wire::Timestamps{.value = clock(now), .echo = peer_->timestamps->value};
      }
      emit(third);
      return false;
    }
    if (model_.opens || !peer_ || (view.flags & tcp::kAck) == 0 || view.ack != model_.isn + 1) return false;
    begin(now);
    return true;
  }

  void begin(Instant now) {
    const bool scales = model_.syn.window_scale && peer_->window_scale;
    endpoint_uses_timestamps_ = model_.syn.timestamps && peer_->timestamps;
    const tcp::Adoption adoption{.snd_nxt = model_.isn + 1,
                                 .rcv_nxt = peer_isn_ + 1,
                                 .peer_window = peer_window_,
                                 .peer_window_shift = scales ? *peer_->window_scale : std::uint8_t{0},
                                 .our_window_shift = scales ? *model_.syn.window_scale : std::uint8_t{0},
                                 .sack = model_.syn.sack_permitted && peer_->sack_permitted,
                                 .timestamps = endpoint_uses_timestamps_,
                                 .ts_recent = peer_->timestamps ? peer_->timestamps->value : 0,
                                 .ts_value = clock(now),
                                 .mss = peer_->mss.value_or(536),
                                 .our_window_announced = 65'535,
                                 .rtt = {},
                                 .leg = model_.opens ? tcp::Leg::kServer : tcp::Leg::kClient};
    endpoint_.emplace(settings_, chunks_, adoption, now);
    write_at_ = now;
  }

  void use_stream(Instant now) {
    endpoint_->take_news();
    if (model_.aborts_after && !aborted_ && now >= start_ + *model_.aborts_after) {
      aborted_ = true;
      endpoint_->abort();
    }
    while (endpoint_->readable() > 0) {
      const Bytes piece = endpoint_->peek();
      received_ += as_text(piece);
      endpoint_->consume(piece.size());
    }
    saw_end_ = saw_end_ || endpoint_->finished();
    if (!model_.opens && received_.empty() && !saw_end_) return;  // it answers only what it was asked
    while (written_ < model_.writes.size() && now >= write_at_ && endpoint_->credit() > 0) {
      std::size_t size = std::min(model_.writes.size() - written_, endpoint_->credit());
      if (written_ < model_.first_write) size = std::min(size, model_.first_write - written_);
      const std::size_t taken = endpoint_->write(as_bytes(model_.writes).subspan(written_, size));
      if (taken == 0) break;
      written_ += taken;
      if (written_ == model_.first_write) write_at_ = now + model_.pause;
    }
    if (written_ == model_.writes.size() && !finished_ && !aborted_) {
      finished_ = true;
      endpoint_->finish();
    }
  }

  PeerModel model_;
  wire::MemoryPacketPool& packets_;
  Instant start_;
  Instant syn_at_;
  Instant write_at_{};
  Instant ran_at_{};
  tcp::EndpointSettings settings_;
  tcp::ChunkPool chunks_{100'000};
  std::optional<tcp::Endpoint> endpoint_;
  wire::HeaderTemplate headers_;
  std::optional<wire::TcpOptions> peer_;
  std::uint32_t peer_isn_ = 0;
  std::uint16_t peer_window_ = 0;
  bool endpoint_uses_timestamps_ = false;
  std::size_t written_ = 0;
  std::string received_;
  bool saw_end_ = false;
  bool finished_ = false;
  bool aborted_ = false;
  std::vector<Frame> out_;
};

/// What a wire does to frames. Probabilities in thousandths.
struct WireModel {
  unsigned loss = 0;
  unsigned duplicate = 0;
  unsigned reorder = 0;
  unsigned damage = 0;
  std::byte damaged_bit{1};  // each wire its own: two damages to one frame must not hide each other
  Duration delay = std::chrono::milliseconds(2);
};

class SimulatedWire {
 public:
  explicit SimulatedWire(const WireModel& model, std::uint64_t seed) : model_(model), dice_(seed) {}

  void send(Frame frame, Instant now) {
    if (roll(model_.loss)) return;
    if (roll(model_.damage)) frame[frame.size() - 1 - dice_.next() % 20] ^= model_.damaged_bit;
    const int copies = roll(model_.duplicate) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      Instant at = now + model_.delay;
      if (roll(model_.reorder)) at += Duration{static_cast<Duration::rep>(dice_.next() % 20'000'000)};
      queue_.emplace(at, frame);
    }
  }
  Instant next() const { return queue_.empty() ? kNever : queue_.begin()->first; }
  Frame take() { return std::move(queue_.extract(queue_.begin()).mapped()); }
  void heal() { model_ = {.delay = model_.delay}; }

 private:
  bool roll(unsigned thousandths) { return dice_.next() % 1000 < thousandths; }
  WireModel model_;
  SeededRandom dice_;
  std::multimap<Instant, Frame> queue_;
};

}  // namespace limpid::flow
