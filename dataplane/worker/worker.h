// Worker: one thread, one core, and everything that belongs to its flows. run_once() is the table of contents
// of the data plane. It owns a FlowEngine, transmits what that sends, hands frames of other workers' flows to
// them, executes commands of the control plane between bursts, and sleeps when nothing comes.
// Threads: run() and everything not marked otherwise belong to the worker's thread (before run(): to whoever
// constructs it).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/flow/flow_user.h"
#include "dataplane/flow/level.h"
#include "dataplane/tool/group_status.h"
#include "dataplane/tool/packet_output.h"
#include "dataplane/wire/packet.h"
#include "dataplane/worker/command_queue.h"
#include "dataplane/worker/fabric.h"
#include "dataplane/worker/idling.h"
#include "dataplane/worker/sleeper.h"
#include "dataplane/worker/transmitter.h"
#include "dataplane/worker/worker_settings.h"

namespace limpid::worker {

/// What a worker is given to work with. All of it outlives the worker.
struct WorkerSurroundings {
  Fabric& fabric;
  wire::PacketPool& pool;
  Random& random;
  const Clock& clock;
  Sleeper& sleeper;
};

class Worker {
 public:
  Worker(const WorkerSettings& settings, const WorkerSurroundings& surroundings);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Once, before run(). The user may already use output_to(). It outlives the worker.
  void attach(flow::FlowUser& user);
  /// Frames of a tool's own leave through here: a port that is in no segment, usually. Lives as long as the
  /// worker; used on its thread only.
  tool::PacketOutput& output_to(PortIndex port);

  /// Inline tool number `tool` of the fabric as this worker sees it. Before run(); it outlives the worker's
  /// flows.
  void attach_tool(std::size_t tool, tool::InlineTool& inline_tool);

  /// The way of frames that are no TCP flow's. Before attach(); it outlives the worker's packets.
  void detour_frames(flow::FrameDetour& frames) { settings_.flow.frames = &frames; }

  /// Where this group of inline tools has failed, what comes from the segments is dropped. Before run(); it
  /// outlives the worker.
  void drop_network_with(const tool::GroupStatus& group) { droppers_.push_back(&group); }

  /// Works until request_stop() and the drain that follows. All workers of the fabric must run.
  void run();
  /// One loop, without sleep: what run() repeats. True where there was work.
  bool run_once();

  /// Any thread: as of its last loop with work.
  flow::Pressure pressure() const { return pressure_.load(std::memory_order_relaxed); }
  /// Packet buffers that endpoints could still have.
  std::size_t buffers_free() const { return with_.pool.available(); }

  /// Any thread.
  void request_stop();
  /// Any thread: executed on the worker's thread between bursts. False where too many wait already.
  bool post(Command command);

  std::size_t index() const { return settings_.index; }
  /// The reading of the clock that this loop works with.
  Instant now() const { return now_; }
  flow::FlowEngine& flows() { return *engine_; }
  const flow::FlowEngine& flows() const { return *engine_; }
  WorkerCounters counters() const;

 private:
  static constexpr std::size_t kBurst = 64;

  std::vector<int> find_wake_descriptors() const;
  void begin_loop();
  std::size_t execute_commands();
  std::size_t receive_from_ports();
  std::size_t receive(const PolledQueue& from);
  void take(wire::Packet packet, const Arrival& from);
  void hand_off(std::size_t owner, HandedPacket packet);
  void ring_owners();
  std::size_t receive_handed();
  std::size_t run_timers();
  std::size_t run_tools();
  Instant next_deadline() const;
  void flush_flows();
  void end_loop(bool worked);
  void rest();
  bool something_posted() const;
  bool stop_step();
  void end();

  WorkerSettings settings_;
  WorkerSurroundings with_;
  std::vector<PolledQueue> polled_;
  std::vector<int> wake_descriptors_;
  Transmitter transmitter_;
  std::unique_ptr<flow::FlowEngine> engine_;
  std::vector<tool::InlineTool*> tools_;
  std::vector<const tool::GroupStatus*> droppers_;
  bool network_dropped_ = false;  // in this loop
  CommandQueue commands_;
  Idling idling_;
  WorkerCounters counters_;
  std::vector<bool> handed_to_;  // in this loop
  bool worked_ = false;          // the last loop
  Instant started_{};
  Instant now_{};

  std::atomic<flow::Pressure> pressure_{};
  static_assert(std::atomic<flow::Pressure>::is_always_lock_free);
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> ended_{false};
  bool stopping_ = false;
  bool drained_ = false;
  Instant stop_at_ = kNever;
  std::array<wire::Packet, kBurst> burst_;
};

}  // namespace limpid::worker
