#include "tests/simulation/tool.h"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

namespace limpid::simulation {
namespace {

constexpr std::uint32_t kRelaySequence = 0xFFFFFF00U;

bool due(const std::optional<Duration>& after, Instant start, Instant now) {
  return after && now >= start + *after;
}

/// The next of the given times that has not passed yet.
Instant next_of(std::initializer_list<std::optional<Duration>> after, Instant start, Instant now) {
  Instant next = kNever;
  for (const std::optional<Duration>& one : after) {
    if (one && start + *one > now) next = std::min(next, start + *one);
  }
  return next;
}

class Bridge final : public Tool {
 public:
  Bridge(const ToolModel& model, Instant now) : model_(model), start_(now), ran_at_(now) {}

  void receive(ToolPort from, RawFrame frame, Instant now) override {
    if (doing_ == Doing::kDead || due(model_.dies_after, start_, now)) return;
    const ToolPort to = from == ToolPort::kTa ? ToolPort::kTb : ToolPort::kTa;
    const Instant held = start_ + model_.holds_from;
    Instant at = now + model_.delay;
    if (at >= held && at < held + model_.holds_for) at = held + model_.holds_for;
    queue_.emplace(at, std::pair(to, std::move(frame)));
  }
  void run(Instant now, const EmitRaw& emit) override {
    ran_at_ = now;
    if (due(model_.dies_after, start_, now)) {
      doing_ = Doing::kDead;
      queue_.clear();
    }
    while (!queue_.empty() && queue_.begin()->first <= now) {
      auto [to, frame] = std::move(queue_.extract(queue_.begin()).mapped());
      emit(to, std::move(frame));
    }
  }
  Instant deadline() const override {
    const Instant next = next_of({model_.dies_after}, start_, ran_at_);
    return queue_.empty() ? next : std::min(next, queue_.begin()->first);
  }

 private:
  ToolModel model_;
  Instant start_;
  Instant ran_at_;
  std::multimap<Instant, std::pair<ToolPort, RawFrame>> queue_;
};

class Relay final : public Tool {
 public:
  Relay(const ToolModel& model, const Route& route, Instant now)
      : model_(model),
        route_(route),
        start_(now),
        ran_at_(now),
        to_ta_(std::make_unique<ReferencePeer>(peer_model(false), Stream{}, Stream{}, now)) {}

  void receive(ToolPort from, RawFrame raw, Instant now) override {
    if (doing_ == Doing::kDead || due(model_.dies_after, start_, now)) return;
    ReferencePeer* peer = from == ToolPort::kTa ? to_ta_.get() : to_tb_.get();
    const std::optional<Frame> frame = decode(raw);
    if (peer != nullptr && frame) peer->receive(*frame, now);
  }
  void run(Instant now, const EmitRaw& emit) override {
    ran_at_ = now;
    if (due(model_.dies_after, start_, now)) doing_ = Doing::kDead;
    if (doing_ == Doing::kDead) return;
    if (!to_tb_ && to_ta_->connected()) {
      to_tb_ = std::make_unique<ReferencePeer>(peer_model(true), Stream{}, Stream{}, now);
    }
    if (to_tb_) use_streams(now);
    to_ta_->run(now, [&](const Frame& frame) { emit(ToolPort::kTa, encode(route_.back(), frame)); });
    if (to_tb_) to_tb_->run(now, [&](const Frame& frame) { emit(ToolPort::kTb, encode(route_, frame)); });
  }
  Instant deadline() const override {
    if (doing_ == Doing::kDead) return kNever;
    const Instant next =
        std::min(next_of({model_.ends_after, model_.resets_after, model_.dies_after}, start_, ran_at_),
                 to_ta_->deadline());
    return to_tb_ ? std::min(next, to_tb_->deadline()) : next;
  }

 private:
  static ReferencePeerModel peer_model(bool opens) {
    ReferencePeerModel model{.snd_nxt = kRelaySequence, .used_from_outside = true};
    model.handshake = ReferenceHandshake{.opens = opens, .mss = 1460, .shift = 0, .timestamps = true};
    model.in_flight_max = 20 * 1448;
    return model;
  }
  void use_streams(Instant now) {
    tcp::ByteStream& ta = to_ta_->stream();
    tcp::ByteStream& tb = to_tb_->stream();
    if (broken_) return;
    const bool broken = ta.failure() != Reason::none || tb.failure() != Reason::none;
    if (broken || due(model_.resets_after, start_, now)) {
      if (!broken) doing_ = Doing::kReset;
      if (ta.failure() == Reason::none) ta.abort();
      if (tb.failure() == Reason::none) tb.abort();
      broken_ = true;
      return;
    }
    if (!cut_ && due(model_.ends_after, start_, now)) {
      cut_ = true;
      ta.finish();
      tb.finish();
    }
    pass(ta, tb, passed_[0]);
    pass(tb, ta, passed_[1]);
  }
  void pass(tcp::ByteStream& from, tcp::ByteStream& to, std::uint64_t& count) {
    while (from.readable() > 0 && (cut_ || to.credit() > 0)) {
      std::vector<std::byte> bytes(cut_ ? from.readable() : std::min(from.readable(), to.credit()));
      from.copy_front(bytes);
      from.consume(bytes.size());
      if (cut_) continue;
      for (std::byte& byte : bytes) byte ^= model_.mask;
      to.write(bytes);
      count += bytes.size();
    }
    if (from.finished() && !cut_) to.finish();
  }

  ToolModel model_;
  Route route_;
  Instant start_;
  Instant ran_at_;
  std::unique_ptr<ReferencePeer> to_ta_;
  std::unique_ptr<ReferencePeer> to_tb_;  // once the other is connected
  bool broken_ = false;
};

}  // namespace

std::string ToolModel::describe() const {
  std::ostringstream out;
  const auto ms = [&out](const char* what, const std::optional<Duration>& after) {
    if (after) out << what << *after / std::chrono::milliseconds(1) << " ms";
  };
  out << (kind == Kind::kBridge ? "bridge" : "relay") << ", mask " << std::to_integer<int>(mask);
  ms(", delay ", delay);
  if (holds_for > Duration::zero()) ms(", holds for ", holds_for);
  ms(", ends after ", ends_after);
  ms(", resets after ", resets_after);
  ms(", dies after ", dies_after);
  return out.str();
}

std::unique_ptr<Tool> make_tool(const ToolModel& model, const Route& route, Instant now) {
  if (model.kind == ToolModel::Kind::kBridge) return std::make_unique<Bridge>(model, now);
  return std::make_unique<Relay>(model, route, now);
}

}  // namespace limpid::simulation
