// CommandQueue: how the control plane has something done on a worker's thread. Bounded; any thread posts
// (one at a time, under a lock that the worker never takes), the worker executes between bursts.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "dataplane/base/queue.h"

namespace limpid::worker {

class Worker;

/// Runs on the worker's thread: short, never blocking.
using Command = std::function<void(Worker&)>;

class CommandQueue {
 public:
  explicit CommandQueue(std::size_t capacity) : queue_(capacity) {}

  /// Any thread. False where the queue is full.
  bool post(Command command) {
    const std::lock_guard lock(posting_);
    return queue_.push(std::move(command));
  }
  /// The worker's thread.
  std::optional<Command> take() { return queue_.pop(); }
  bool empty() const { return queue_.empty(); }

 private:
  std::mutex posting_;
  SpscQueue<Command> queue_;
};

}  // namespace limpid::worker
