// Health: whether an inline tool works, as a pure state machine. What happened goes in (a round of heartbeats
// came back or did not, a link went, a negative heartbeat came through), a state comes out. A tool that has
// failed is not trusted with its first sign of life: it has to be well for the whole time of recovery.
// Reads no clock; owned by a HealthMonitor.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/edges.h"
#include "dataplane/base/reasons.h"

namespace limpid::tool {

enum class HealthState : std::uint8_t { kUp, kSuspect, kDown, kRecovering };
/// "up", "suspect", "down", "recovering".
std::string_view name(HealthState state);

inline constexpr Edges<HealthState, 7> kHealthEdges{{{
    {HealthState::kUp, HealthState::kSuspect},    // heartbeats were missed, too few to say that it is down
    {HealthState::kUp, HealthState::kDown},       // no carrier, a negative heartbeat, or one miss is enough
    {HealthState::kSuspect, HealthState::kUp},    // the next ones came back
    {HealthState::kSuspect, HealthState::kDown},  // too many were missed
    {HealthState::kDown, HealthState::kRecovering},  // a round came back, or the carrier is there again
    {HealthState::kRecovering, HealthState::kDown},  // and was missed again
    {HealthState::kRecovering, HealthState::kUp},    // well for the whole time of recovery
}}};
static_assert(!kHealthEdges.allow(HealthState::kDown, HealthState::kUp), "one good heartbeat is no recovery");

/// New sessions may be sent through a tool in this state.
constexpr bool works(HealthState state) {
  return state == HealthState::kUp || state == HealthState::kSuspect;
}

struct HealthSettings {
  bool heartbeats = true;  // false: the links alone decide
  std::uint32_t misses = 3;
  Duration recovery = std::chrono::seconds(30);
};

/// Which heartbeats of a round came back where they were expected, and whether what must not come did.
struct HeartbeatRound {
  bool a_to_b = false;
  bool b_to_a = false;
  bool stopped = true;  // the negative ones did not come through, or there are none
  bool good() const { return a_to_b && b_to_a && stopped; }
};

class Health {
 public:
  explicit Health(const HealthSettings& settings) : settings_(settings) {}

  HealthState state() const { return state_; }
  /// tool_heartbeat_lost, tool_link_down, tool_not_inspecting: why the tool is not up, or was not when it
  /// last was down; Reason::none: it never was.
  Reason cause() const { return cause_; }

  void on_round(const HeartbeatRound& round, Instant now);
  /// At once, without waiting for the round's end.
  void on_negative_returned();
  void on_link(bool up, Instant now);
  void on_time(Instant now);
  Instant deadline() const { return up_at_; }

 private:
  void fail(Reason why);
  void recover(Instant now);
  void enter(HealthState next);

  HealthSettings settings_;
  HealthState state_ = HealthState::kUp;
  Reason cause_ = Reason::none;
  std::uint32_t missed_ = 0;  // in a row
  bool link_ = true;
  Instant up_at_ = kNever;  // while recovering
};

}  // namespace limpid::tool
