// What one worker is told at its start, and what it counts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/flow/flow_engine.h"

namespace limpid::worker {

enum class Idle : std::uint8_t { kAdaptive, kBusy };

struct WorkerSettings {
  std::size_t index = 0;  // of the worker, 0 to Fabric::workers() - 1
  flow::FlowEngineSettings flow;
  Idle idle = Idle::kAdaptive;
  Duration spin = std::chrono::milliseconds(1);       // without work, before the first nap
  Duration nap_min = std::chrono::microseconds(50);   // doubled with each nap that brought no work
  Duration nap_max = std::chrono::milliseconds(1);    // where a queue has no wake-up
  Duration rest_max = std::chrono::milliseconds(20);  // where every polled queue has one
  Duration stop_grace = std::chrono::seconds(10);     // for intercepted sessions, after request_stop()
  std::size_t transmit_waiting_max = 1024;            // packets that wait for room at one port
  Duration transmit_patience = std::chrono::milliseconds(20);  // and for how long, before the tail is dropped
  std::size_t commands_max = 256;
  std::size_t commands_per_loop = 4;
};

/// Counted since the worker started, on its thread.
struct WorkerCounters {
  Duration busy{};  // in polls that found work
  Duration total{};
  Duration asleep{};
  std::uint64_t polls = 0;
  std::uint64_t polls_with_work = 0;
  std::uint64_t naps = 0;
  std::uint64_t packets = 0;  // received from ports
  std::uint64_t bytes = 0;
  std::uint64_t packets_handed_off = 0;
  std::uint64_t packets_handed_in = 0;
  std::uint64_t packets_transmitted = 0;
  std::uint64_t bytes_transmitted = 0;
  std::uint64_t commands = 0;
  ReasonCounters reasons;  // transmit_queue_full, handoff_queue_full
};

}  // namespace limpid::worker
