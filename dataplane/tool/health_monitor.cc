#include "dataplane/tool/health_monitor.h"

#include <algorithm>

namespace limpid::tool {

HealthMonitor::HealthMonitor(const HealthMonitorSettings& settings, const HeartbeatFrames& frames,
                             HealthBoard& board, PacketOutput& side_a, PacketOutput& side_b, Instant now)
    : settings_(settings),
      frames_(frames),
      board_(board),
      output_a_(side_a),
      output_b_(side_b),
      health_(settings.health),
      send_at_(settings.health.heartbeats ? now : kNever) {}

Instant HealthMonitor::deadline() const { return std::min({send_at_, judge_at_, health_.deadline()}); }

HeartbeatRound HealthMonitor::round_so_far() const {
  return {.a_to_b = board_.returned[0].load(std::memory_order_acquire) >= number_,
          .b_to_a = board_.returned[1].load(std::memory_order_acquire) >= number_,
          .stopped = board_.negatives_returned.load(std::memory_order_acquire) == negatives_};
}

bool HealthMonitor::run(Instant now) {
  const HealthState before = health_.state();
  bool worked = false;
  if (judge_at_ != kNever) {
    const HeartbeatRound round = round_so_far();
    // What must not come through may still do so until the round's time is over.
    const bool complete = !round.stopped || (round.good() && !frames_.has_negative());
    if (complete || now >= judge_at_) {
      judge(now);
      worked = true;
    }
  }
  if (now >= send_at_) {
    send(now);
    worked = true;
  }
  if (now >= health_.deadline()) {
    health_.on_time(now);
    worked = true;
  }
  publish(before);
  return worked;
}

void HealthMonitor::judge(Instant now) {
  last_ = round_so_far();
  judge_at_ = kNever;
  board_.rounds.fetch_add(1, std::memory_order_relaxed);
  if (!last_.good()) board_.missed.fetch_add(1, std::memory_order_relaxed);
  health_.on_round(last_, now);
}

/// A heartbeat that finds no buffer is one that does not come back: limpid is then in no state to use the
/// tool.
void HealthMonitor::send(Instant now) {
  ++number_;
  negatives_ = board_.negatives_returned.load(std::memory_order_acquire);
  output_a_.send(frames_.numbered(HeartbeatWay::kAToB, number_));
  output_b_.send(frames_.numbered(HeartbeatWay::kBToA, number_));
  if (frames_.has_negative()) {
    output_a_.send(frames_.negative(HeartbeatWay::kAToB));
    output_b_.send(frames_.negative(HeartbeatWay::kBToA));
  }
  judge_at_ = now + settings_.timeout;
  // In step with the clock's own time, unless the worker was held up for longer than an interval.
  send_at_ = std::max(send_at_ + settings_.interval, now + settings_.timeout);
}

void HealthMonitor::on_link(bool up, Instant now) {
  const HealthState before = health_.state();
  judge_at_ = kNever;
  health_.on_link(up, now);
  publish(before);
}

void HealthMonitor::publish(HealthState before) {
  const HealthState after = health_.state();
  if (after == before) return;
  board_.cause.store(health_.cause(), std::memory_order_release);
  // In this order: who has noticed the failure lets nobody in any more.
  board_.state.store(after, std::memory_order_release);
  if (after == HealthState::kDown) board_.failures.fetch_add(1, std::memory_order_release);
  board_.changes.push({.from = before, .to = after, .cause = health_.cause(), .round = last_});
}

}  // namespace limpid::tool
