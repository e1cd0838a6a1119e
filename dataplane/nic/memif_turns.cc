// See memif_turns.h. What the driver does happens on the interrupt thread between two calls of turn(): its
// events and ours come out of one epoll set, and ours is there each time.
#include "dataplane/nic/memif_turns.h"

#define ALLOW_EXPERIMENTAL_API  // rte_intr_instance_*: stable in later releases, and unchanged
#include <rte_errno.h>
#include <rte_interrupts.h>
#include <sys/eventfd.h>

#include <algorithm>

namespace limpid::nic {

Result<MemifTurns*, std::string> MemifTurns::shared() {
  static auto* const kOurs = new MemifTurns;  // the thread is still in it when the process ends
  static const std::string kError = kOurs->begin();
  if (!kError.empty()) return Failure{kError};
  return kOurs;
}

/// The event is always there, so that the thread comes back to us at once. Nothing is ever given back: see
/// turn().
std::string MemifTurns::begin() {
  const int event = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  handle_ = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
  if (event < 0 || handle_ == nullptr || rte_intr_fd_set(handle_, event) != 0 ||
      rte_intr_type_set(handle_, RTE_INTR_HANDLE_EXT) != 0) {
    return "memif: no place among DPDK's interrupts";
  }
  if (const int error = rte_intr_callback_register(handle_, on_event, this); error < 0)
    return "memif: DPDK's interrupts cannot be waited for: " + std::string(rte_strerror(-error));
  return {};
}

/// Out of turn() the thread comes only with the mutex.
void MemifTurns::alone(const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return inside_; });
  work();
}

void MemifTurns::add(Member& member) {
  const std::lock_guard lock(mutex_);
  members_.push_back(&member);
  joined_ = true;
  changed_.notify_all();
}

void MemifTurns::remove(Member& member) {
  const std::lock_guard lock(mutex_);
  members_.erase(std::find(members_.begin(), members_.end(), &member));
  member.keep_out();
}

/// Without members it does not come back: the driver leaves its sockets among the thread's events when it
/// closes a device, with memory behind them that is gone.
void MemifTurns::turn() {
  std::unique_lock lock(mutex_);
  inside_ = true;
  changed_.notify_all();
  for (Member* member : members_) member->let_in();
  Milliseconds pause = Milliseconds::max();
  for (Member* member : members_) pause = std::min(pause, member->look_after());
  joined_ = false;
  const auto joined = [this] { return joined_; };
  if (!members_.empty()) changed_.wait_for(lock, pause, joined);
  if (members_.empty()) changed_.wait(lock, joined);
  for (Member* member : members_) member->keep_out();
  inside_ = false;
}

}  // namespace limpid::nic
