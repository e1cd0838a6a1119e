// run_once() is the table of contents of the data plane. See worker.h.
#include "dataplane/worker/worker.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"

namespace limpid::worker {
namespace {

IdlingSettings idling_of(const WorkerSettings& settings, bool wakes_by_descriptor) {
  // Where frames wake the worker there is no reason to look for them every now and then.
  if (wakes_by_descriptor) return {settings.spin, settings.rest_max, settings.rest_max};
  return {settings.spin, settings.nap_min, settings.nap_max};
}

}  // namespace

Worker::Worker(const WorkerSettings& settings, const WorkerSurroundings& surroundings)
    : settings_(settings),
      with_(surroundings),
      polled_(with_.fabric.polled_by(settings.index)),
      wake_descriptors_(find_wake_descriptors()),
      transmitter_({settings.index, settings.transmit_waiting_max, settings.transmit_patience}, with_.fabric,
                   with_.pool),
      commands_(settings.commands_max),
      idling_(idling_of(settings, wake_descriptors_.size() == polled_.size() + 1)),
      handed_to_(with_.fabric.workers(), false),
      now_(with_.clock.now()) {
  started_ = now_;
  idling_.worked(now_);
}

Worker::~Worker() = default;

/// The doorbell's, and those of the queues that have one.
std::vector<int> Worker::find_wake_descriptors() const {
  std::vector<int> descriptors;
  for (const PolledQueue& queue : polled_) {
    const int descriptor = with_.fabric.port(queue.port).wake_descriptor(queue.queue);
    if (descriptor >= 0) descriptors.push_back(descriptor);
  }
  if (const int bell = with_.fabric.doorbell(settings_.index).descriptor(); bell >= 0)
    descriptors.push_back(bell);
  return descriptors;
}

void Worker::attach(flow::FlowUser& user) {
  LIMPID_CHECK(engine_ == nullptr, "a worker has one user");
  engine_ =
      std::make_unique<flow::FlowEngine>(settings_.flow, user, transmitter_, with_.pool, with_.random, now_);
}

void Worker::attach_tool(std::size_t tool, tool::InlineTool& inline_tool) {
  if (tools_.size() <= tool) tools_.resize(tool + 1);
  tools_[tool] = &inline_tool;
}

tool::PacketOutput& Worker::output_to(PortIndex port) { return transmitter_.output_to(port); }

void Worker::run() {
  LIMPID_CHECK(engine_ != nullptr, "a worker without a user");
  LIMPID_CHECK(tools_.size() == with_.fabric.inline_tools(), "a worker without its inline tools");
  now_ = with_.clock.now();
  started_ = now_;
  while (!stop_step()) {
    if (!run_once()) rest();
  }
  end();
}

bool Worker::run_once() {
  begin_loop();
  std::size_t work = execute_commands();
  work += receive_from_ports();  // frames of our own flows go to the engine, others to their worker
  work += receive_handed();
  work += run_tools();  // heartbeats, and what has become of tools
  work += run_timers();
  if (work > 0) flush_flows();  // sessions run, endpoints send
  work += transmitter_.flush(now_);
  end_loop(work > 0);
  return work > 0;
}

// --- The loop's parts, in order ---

void Worker::begin_loop() {
  const Instant now = with_.clock.now();
  if (worked_) counters_.busy += now - now_;
  now_ = now;
  network_dropped_ = std::any_of(droppers_.begin(), droppers_.end(),
                                 [](const tool::GroupStatus* group) { return group->failed(); });
}

std::size_t Worker::execute_commands() {
  std::size_t executed = 0;
  while (executed < settings_.commands_per_loop) {
    std::optional<Command> command = commands_.take();
    if (!command) break;
    (*command)(*this);
    ++executed;
  }
  counters_.commands += executed;
  return executed;
}

std::size_t Worker::receive_from_ports() {
  std::size_t received = 0;
  for (const PolledQueue& queue : polled_) received += receive(queue);
  ring_owners();
  return received;
}

std::size_t Worker::receive(const PolledQueue& from) {
  const std::size_t count = with_.fabric.port(from.port).receive(from.queue, burst_);
  for (std::size_t i = 0; i < count; ++i) {
    wire::Packet packet = std::move(burst_[i]);
    ++counters_.packets;
    counters_.bytes += packet.size();
    const std::size_t owner = with_.fabric.owner(packet.bytes(), from.arrival, index());
    if (owner == index()) {
      take(std::move(packet), from.arrival);
    } else {
      hand_off(owner, {std::move(packet), from.arrival});
    }
  }
  return count;
}

void Worker::take(wire::Packet packet, const Arrival& from) {
  if (const auto* segment = std::get_if<flow::Arrival>(&from)) {
    if (network_dropped_) return counters_.reasons.count(Reason::tool_drop_network);
    return engine_->on_packet(std::move(packet), *segment, now_);
  }
  const auto& at = std::get<ToolArrival>(from);
  tools_[at.tool]->on_packet(std::move(packet), at.side, now_);
}

void Worker::hand_off(std::size_t owner, HandedPacket packet) {
  if (!with_.fabric.hand_off(index(), owner, std::move(packet))) {
    counters_.reasons.count(Reason::handoff_queue_full);
    return;
  }
  ++counters_.packets_handed_off;
  handed_to_[owner] = true;
}

/// Once a burst, not once a frame.
void Worker::ring_owners() {
  for (std::size_t owner = 0; owner < handed_to_.size(); ++owner) {
    if (handed_to_[owner]) with_.fabric.doorbell(owner).ring();
    handed_to_[owner] = false;
  }
}

std::size_t Worker::receive_handed() {
  std::size_t received = 0;
  for (std::size_t from = 0; from < with_.fabric.workers(); ++from) {
    if (from == index()) continue;
    for (std::size_t i = 0; i < kBurst; ++i) {
      std::optional<HandedPacket> handed = with_.fabric.handed(from, index()).pop();
      if (!handed) break;
      take(std::move(handed->packet), handed->from);
      ++received;
    }
  }
  counters_.packets_handed_in += received;
  return received;
}

std::size_t Worker::run_timers() {
  if (engine_->next_deadline() > now_) return 0;
  engine_->run_timers(now_);
  return 1;
}

std::size_t Worker::run_tools() {
  std::size_t worked = 0;
  for (tool::InlineTool* each : tools_) worked += static_cast<std::size_t>(each->run(now_));
  return worked;
}

Instant Worker::next_deadline() const {
  Instant next = engine_->next_deadline();
  for (const tool::InlineTool* each : tools_) next = std::min(next, each->deadline());
  return next;
}

void Worker::flush_flows() {
  engine_->flush(now_);
  if (engine_->pressure() != pressure_.load(std::memory_order_relaxed)) {
    pressure_.store(engine_->pressure(), std::memory_order_relaxed);
  }
}

void Worker::end_loop(bool worked) {
  worked_ = worked;
  ++counters_.polls;
  if (!worked) return;
  ++counters_.polls_with_work;
  idling_.worked(now_);
}

// --- Idle ---

void Worker::rest() {
  if (settings_.idle == Idle::kBusy || transmitter_.waiting()) return;
  const Instant until = drained_ ? kNever : stop_at_;  // what ends the drain of the others rings
  const Duration nap = idling_.nap(now_, std::min(next_deadline(), until));
  if (nap <= Duration::zero()) return;
  Doorbell& bell = with_.fabric.doorbell(index());
  bell.arm();
  if (!something_posted()) {
    with_.sleeper.sleep(nap, wake_descriptors_);
    ++counters_.naps;
    counters_.asleep += with_.clock.now() - now_;
  }
  bell.disarm();
}

/// What may have come since it was looked for, other than frames at a port.
bool Worker::something_posted() const {
  if (!commands_.empty() || stop_requested_.load(std::memory_order_acquire) != stopping_) return true;
  if (drained_ && with_.fabric.all_drained()) return true;
  for (std::size_t from = 0; from < with_.fabric.workers(); ++from) {
    if (from != index() && !with_.fabric.handed(from, index()).empty()) return true;
  }
  return false;
}

// --- The end ---

void Worker::request_stop() {
  stop_requested_.store(true, std::memory_order_release);
  with_.fabric.doorbell(index()).ring();
}

/// True when the worker may end: its own sessions are over, and no other worker needs its ports.
bool Worker::stop_step() {
  if (!stopping_) {
    if (!stop_requested_.load(std::memory_order_acquire)) return false;
    stopping_ = true;
    stop_at_ = now_ + settings_.stop_grace;
    engine_->stop(now_);
  }
  if (!drained_ && (engine_->drained() || now_ >= stop_at_)) {
    if (!engine_->drained()) engine_->abort_adopted(now_);
    drained_ = true;
    with_.fabric.count_drained();
    for (std::size_t other = 0; other < with_.fabric.workers(); ++other) with_.fabric.doorbell(other).ring();
  }
  // What still waits for room at a port leaves, or is given up by the transmitter.
  return drained_ && with_.fabric.all_drained() && !transmitter_.waiting();
}

void Worker::end() {
  engine_->close_all(now_);
  transmitter_.flush(now_);
  ended_.store(true, std::memory_order_release);
  while (std::optional<Command> command = commands_.take()) (*command)(*this);
}

// --- The control plane ---

bool Worker::post(Command command) {
  if (ended_.load(std::memory_order_acquire) || !commands_.post(std::move(command))) return false;
  with_.fabric.doorbell(index()).ring();
  return true;
}

WorkerCounters Worker::counters() const {
  WorkerCounters counters = counters_;
  const TransmitCounters& sent = transmitter_.counters();
  counters.total = now_ - started_;
  counters.packets_transmitted = sent.packets;
  counters.bytes_transmitted = sent.bytes;
  counters.reasons.add(sent.reasons);
  return counters;
}

}  // namespace limpid::worker
