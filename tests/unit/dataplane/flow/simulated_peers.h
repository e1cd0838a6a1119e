// Peers that keep to the rules around a FlowEngine, in virtual time, made of the simulator's parts: a
// handshake, then a tcp::Endpoint that writes one text and keeps what it reads.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/tcp/endpoint.h"
#include "tests/simulation/ethernet.h"
#include "tests/simulation/greeting.h"

namespace limpid::flow {

/// Of a host of today.
inline simulation::GreetingModel usual_greeting(std::uint32_t isn) {
  simulation::GreetingModel greeting{.isn = isn};
  greeting.syn.mss = 1460;
  greeting.syn.window_scale = 7;
  greeting.syn.sack_permitted = true;
  greeting.syn.timestamps = wire::Timestamps{};
  return greeting;
}

struct PeerModel {
  std::string own;
  std::string other;
  simulation::GreetingModel greeting;
  std::string writes;           // the server's only once it has been asked something
  std::size_t first_write = 0;  // this much at once, the rest after pause
  Duration pause{};
};

class SimulatedPeer final : public tcp::SegmentSink {
 public:
  SimulatedPeer(PeerModel model, Instant now)
      : model_(std::move(model)),
        route_{.from = *SocketAddress::parse(model_.own), .to = *SocketAddress::parse(model_.other)},
        greeting_(model_.greeting, now) {}

  void receive(const simulation::RawFrame& raw, Instant now) {
    const std::optional<simulation::Frame> frame = simulation::decode(raw);
    if (!frame || (!endpoint_ && !shake_hands(*frame, now))) return;
    if (endpoint_->closed() && !frame->has(tcp::kRst)) {
      // No connection is left: as every host does (RFC 9293 §3.10.7.1).
      return emit({.seq = frame->ack, .flags = tcp::kRst});
    }
    endpoint_->on_segment({.seq = frame->seq,
                           .ack = frame->ack,
                           .window = frame->window,
                           .flags = frame->flags,
                           .options = frame->options,
                           .payload = frame->payload},
                          now);
  }

  /// Timers, application, transmission. Returns the frames to be sent.
  std::vector<simulation::RawFrame> run(Instant now) {
    ran_at_ = now;
    greeting_.run(now, [this](const simulation::Frame& frame) { emit(frame); });
    if (endpoint_) {
      if (endpoint_->deadline() <= now) endpoint_->on_timer(now);
      use_stream(now);
      endpoint_->flush(*this, now);
    }
    return std::exchange(out_, {});
  }
  Instant deadline() const {
    if (!endpoint_) return greeting_.deadline();
    return write_at_ > ran_at_ ? std::min(endpoint_->deadline(), write_at_) : endpoint_->deadline();
  }

  Reason failure() const { return endpoint_ ? endpoint_->failure() : Reason::none; }
  bool saw_end() const { return saw_end_; }
  const std::string& received() const { return received_; }
  const std::string& writes() const { return model_.writes; }

  bool send(const tcp::SegmentOut& segment) override {
    simulation::Frame frame{.seq = segment.seq,
                            .ack = segment.ack,
                            .window = segment.window,
                            .flags = segment.flags,
                            .options = segment.options};
    frame.payload.assign(segment.payload_first.begin(), segment.payload_first.end());
    frame.payload.insert(frame.payload.end(), segment.payload_second.begin(), segment.payload_second.end());
    emit(frame);
    return true;
  }

 private:
  void emit(const simulation::Frame& frame) { out_.push_back(simulation::encode(route_, frame)); }

  /// True where the endpoint exists now and wants the segment.
  bool shake_hands(const simulation::Frame& frame, Instant now) {
    const bool wanted = greeting_.receive(frame, now);
    if (greeting_.adoption()) {
      endpoint_.emplace(settings_, chunks_, *greeting_.adoption(), now);
      write_at_ = now;
    }
    return wanted;
  }

  void use_stream(Instant now) {
    endpoint_->take_news();
    while (endpoint_->readable() > 0) {
      const Bytes piece = endpoint_->peek();
      received_ += as_text(piece);
      endpoint_->consume(piece.size());
    }
    saw_end_ = saw_end_ || endpoint_->finished();
    if (!model_.greeting.opens && received_.empty() && !saw_end_) return;
    while (written_ < model_.writes.size() && now >= write_at_ && endpoint_->credit() > 0) {
      std::size_t size = std::min(model_.writes.size() - written_, endpoint_->credit());
      if (written_ < model_.first_write) size = std::min(size, model_.first_write - written_);
      const std::size_t taken = endpoint_->write(as_bytes(model_.writes).subspan(written_, size));
      if (taken == 0) break;
      written_ += taken;
      if (written_ == model_.first_write) write_at_ = now + model_.pause;
    }
    if (written_ == model_.writes.size() && !finished_) {
      finished_ = true;
      endpoint_->finish();
    }
  }

  PeerModel model_;
  simulation::Route route_;
  simulation::Greeting greeting_;
  Instant write_at_{};
  Instant ran_at_{};
  tcp::EndpointSettings settings_;
  tcp::ChunkPool chunks_{100'000};
  std::optional<tcp::Endpoint> endpoint_;
  std::size_t written_ = 0;
  std::string received_;
  bool saw_end_ = false;
  bool finished_ = false;
  std::vector<simulation::RawFrame> out_;
};

}  // namespace limpid::flow
