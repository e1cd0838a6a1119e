// See memif_turns.h. What the driver does happens on the interrupt thread between two calls of turn(): its
// events and ours come out of one epoll set, and ours is there each time.
#include "dataplane/nic/memif_turns.h"

#define ALLOW_EXPERIMENTAL_API  // rte_intr_instance_*: stable in later releases, and unchanged
#include <rte_errno.h>
#include <rte_interrupts.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace limpid::nic {
namespace {

// Between two looks at the sockets. Where this thread has to wait for its core then, workers wait with it.
constexpr std::chrono::milliseconds kTurn{10};
constexpr std::chrono::milliseconds kTurnConnected{200};

}  // namespace

Result<std::shared_ptr<MemifTurns>, std::string> MemifTurns::shared() {
  static std::weak_ptr<MemifTurns> ours;
  if (auto known = ours.lock()) return known;
  std::shared_ptr<MemifTurns> made(new MemifTurns);
  if (std::string error = made->begin(); !error.empty()) return Failure{std::move(error)};
  ours = made;
  return made;
}

std::string MemifTurns::begin() {
  event_ = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  handle_ = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
  if (event_ < 0 || handle_ == nullptr || rte_intr_fd_set(handle_, event_) != 0 ||
      rte_intr_type_set(handle_, RTE_INTR_HANDLE_EXT) != 0) {
    return "memif: no place among DPDK's interrupts";
  }
  if (const int error = rte_intr_callback_register(handle_, on_event, this); error < 0)
    return "memif: DPDK's interrupts cannot be waited for: " + std::string(rte_strerror(-error));
  registered_ = true;
  return {};
}

MemifTurns::~MemifTurns() {
  if (registered_) {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return ended_; });
  }
  while (registered_ && rte_intr_callback_unregister(handle_, on_event, this) == -EAGAIN)
    std::this_thread::yield();  // it is just coming out of turn()
  if (handle_ != nullptr) rte_intr_instance_free(handle_);
  if (event_ >= 0) close(event_);
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

void MemifTurns::turn() {
  std::unique_lock lock(mutex_);
  for (Member* member : members_) member->let_in();
  bool connected = true;
  for (Member* member : members_) connected = member->look_after() && connected;
  joined_ = false;
  changed_.wait_for(lock, connected ? kTurnConnected : kTurn, [this] { return ending_ || joined_; });
  for (Member* member : members_) member->keep_out();
  if (!ending_) return;
  eventfd_t value = 0;
  static_cast<void>(eventfd_read(event_, &value));
  ended_ = true;
  changed_.notify_all();
}

}  // namespace limpid::nic
