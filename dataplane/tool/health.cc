#include "dataplane/tool/health.h"

#include "dataplane/base/check.h"

namespace limpid::tool {

std::string_view name(HealthState state) {
  switch (state) {
    case HealthState::kUp:
      return "up";
    case HealthState::kSuspect:
      return "suspect";
    case HealthState::kDown:
      return "down";
    case HealthState::kRecovering:
      return "recovering";
  }
  return {};
}

void Health::enter(HealthState next) {
  LIMPID_CHECK(kHealthEdges.allow(state_, next), "a transition that a tool's health does not have");
  state_ = next;
}

void Health::fail(Reason why) {
  up_at_ = kNever;
  if (state_ == HealthState::kDown) return;  // the first cause stands
  cause_ = why;
  enter(HealthState::kDown);
}

void Health::recover(Instant now) {
  enter(HealthState::kRecovering);
  up_at_ = now + settings_.recovery;
}

void Health::on_round(const HeartbeatRound& round, Instant now) {
  if (!link_) return;  // there is nothing that could have come back
  if (!round.stopped) return on_negative_returned();
  if (round.good()) {
    missed_ = 0;
    if (state_ == HealthState::kSuspect) enter(HealthState::kUp);
    if (state_ == HealthState::kDown) recover(now);
    return;
  }
  ++missed_;
  if (state_ == HealthState::kRecovering || missed_ >= settings_.misses) {
    fail(Reason::tool_heartbeat_lost);
  } else if (state_ == HealthState::kUp) {
    enter(HealthState::kSuspect);
  }
}

void Health::on_negative_returned() { fail(Reason::tool_not_inspecting); }

void Health::on_link(bool up, Instant now) {
  link_ = up;
  missed_ = 0;
  if (!up) return fail(Reason::tool_link_down);
  // A carrier says little; where there are heartbeats, the first of them counts.
  if (!settings_.heartbeats && state_ == HealthState::kDown) recover(now);
}

void Health::on_time(Instant now) {
  if (now < up_at_) return;
  up_at_ = kNever;
  enter(HealthState::kUp);
}

}  // namespace limpid::tool
