// HealthMonitor: judges one inline tool. It sends a round of heartbeats through it at each interval, one each
// way, looks on the board for what has come back (to whichever worker), and writes there what follows from
// it. One worker has it; the others read the board. Thread: that worker. Reads no clock.
#pragma once

#include <chrono>
#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/tool/health.h"
#include "dataplane/tool/health_board.h"
#include "dataplane/tool/heartbeat.h"
#include "dataplane/tool/packet_output.h"

namespace limpid::tool {

struct HealthMonitorSettings {
  HealthSettings health;
  Duration interval = std::chrono::seconds(1);
  Duration timeout = std::chrono::milliseconds(500);  // no longer than the interval
};

class HealthMonitor {
 public:
  /// The board and the outputs outlive it. The first round is due at once.
  HealthMonitor(const HealthMonitorSettings& settings, const HeartbeatFrames& frames, HealthBoard& board,
                PacketOutput& side_a, PacketOutput& side_b, Instant now);

  /// Judges what is due, sends what is due. Whether there was anything to do. To be called with every burst:
  /// what has come back is then acted upon at once.
  bool run(Instant now);
  Instant deadline() const;
  /// The carrier of both ports, as the control thread has seen it.
  void on_link(bool up, Instant now);

 private:
  HeartbeatRound round_so_far() const;
  void judge(Instant now);
  void send(Instant now);
  void publish(HealthState before);

  HealthMonitorSettings settings_;
  HeartbeatFrames frames_;
  HealthBoard& board_;
  PacketOutput& output_a_;
  PacketOutput& output_b_;
  Health health_;
  HeartbeatRound last_{.a_to_b = true, .b_to_a = true};
  std::uint64_t number_ = 0;     // of the round that is on its way, or was last
  std::uint64_t negatives_ = 0;  // that had come through before this round
  Instant send_at_;
  Instant judge_at_ = kNever;  // kNever: no round is on its way
};

}  // namespace limpid::tool
