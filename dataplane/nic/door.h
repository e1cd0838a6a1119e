// Door: lets a worker into what another thread, its keeper, takes apart now and then. It costs the worker one
// atomic exchange, and never lets it wait.
#pragma once

#include <atomic>
#include <thread>

namespace limpid::nic {

class alignas(64) Door {
 public:
  /// False while it is shut. Thread: one visitor at a time.
  bool enter() {
    // Each side writes first and reads then, so that not both can miss what the other has written.
    inside_.store(true, std::memory_order_seq_cst);
    if (open_.load(std::memory_order_seq_cst)) return true;
    leave();
    return false;
  }
  /// After enter() has let one in.
  void leave() { inside_.store(false, std::memory_order_release); }

  /// Thread: the keeper's.
  void open() { open_.store(true, std::memory_order_seq_cst); }
  /// Nobody is inside when it returns, nor will be before the next open().
  void shut() {
    open_.store(false, std::memory_order_seq_cst);
    while (inside_.load(std::memory_order_seq_cst)) std::this_thread::yield();
  }

 private:
  std::atomic<bool> inside_{false};
  std::atomic<bool> open_{false};
};

}  // namespace limpid::nic
