// HealthBoard: what the threads of limpid let each other know about one inline tool. The worker that judges
// the tool (its HealthMonitor) and the control thread write values of their own; heartbeats that come back
// are noted by whichever worker they come to. Everybody reads, without waiting. Made by control/ before the
// workers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/base/queue.h"
#include "dataplane/base/reasons.h"
#include "dataplane/tool/health.h"
#include "dataplane/tool/heartbeat.h"

namespace limpid::tool {

/// One step of the state machine, for the log.
struct HealthChange {
  HealthState from = HealthState::kUp;
  HealthState to = HealthState::kUp;
  Reason cause = Reason::none;
  HeartbeatRound round{};  // the last one that was judged
};

struct HealthBoard {
  // --- the judging worker writes ---
  std::atomic<HealthState> state{HealthState::kUp};
  std::atomic<Reason> cause{Reason::none};
  std::atomic<std::uint64_t> failures{0};  // how often it has gone down
  std::atomic<std::uint64_t> rounds{0};    // of heartbeats, judged
  std::atomic<std::uint64_t> missed{0};    // of these, not good
  SpscQueue<HealthChange> changes{64};     // to the control thread; beyond, the state alone tells

  // --- the worker to which it comes back ---
  std::array<std::atomic<std::uint64_t>, 2> returned{};  // by way: the highest number
  std::atomic<std::uint64_t> negatives_returned{0};

  // --- each worker ---
  std::atomic<std::uint64_t> noticed{0};   // failures that the workers have told their sessions of, in sum
  std::atomic<std::uint64_t> stranded{0};  // sessions that were in the tool when it failed, and are still

  // --- the control thread ---
  std::atomic<bool> in_service{true};

  bool healthy() const { return works(state.load(std::memory_order_acquire)); }
  bool serves() const { return in_service.load(std::memory_order_acquire); }
  /// New sessions may be sent through the tool.
  bool usable() const { return serves() && healthy(); }

  /// No session that was in the tool when it failed is left in any of so many workers.
  bool deserted(std::uint64_t workers) const {
    return noticed.load(std::memory_order_acquire) >= failures.load(std::memory_order_acquire) * workers &&
           stranded.load(std::memory_order_acquire) == 0;
  }

  /// Any worker: a frame of ours has come out of the tool.
  void note(const HeartbeatFrames::Recognised& came, HeartbeatWay way) {
    if (came.negative) {
      negatives_returned.fetch_add(1, std::memory_order_release);
      return;
    }
    std::atomic<std::uint64_t>& highest = returned[static_cast<std::size_t>(way)];
    std::uint64_t known = highest.load(std::memory_order_relaxed);
    while (known < came.number && !highest.compare_exchange_weak(known, came.number)) continue;
  }
};

}  // namespace limpid::tool
