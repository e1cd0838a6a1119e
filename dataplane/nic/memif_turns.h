// MemifTurns: who is at the rings and sockets of memif ports. DPDK's driver serves the sockets on DPDK's
// interrupt thread, and when a peer goes, unmaps the shared memory there without asking whether a worker is
// reading in it, or whether the port is just being closed. So that thread spends its time in a call of ours,
// with the workers let in, and gets to the sockets only in between, with the workers kept out for that
// moment. Threads: used by the one that starts and ends the ports; members are called on DPDK's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/base/result.h"

struct rte_intr_handle;

namespace limpid::nic {

class MemifTurns {
 public:
  using Milliseconds = std::chrono::milliseconds;

  class Member {
   public:
    virtual ~Member() = default;
    /// The driver is quiet until the next keep_out().
    virtual void let_in() = 0;
    /// The driver has the rings to itself when this returns.
    virtual void keep_out() = 0;
    /// Once a turn, after every member's let_in(). How long the driver's sockets may wait now.
    virtual Milliseconds look_after() = 0;
  };

  /// The one of this process, for the rest of its life; after start_eal(). The error is a sentence.
  static Result<MemifTurns*, std::string> shared();
  MemifTurns(const MemifTurns&) = delete;
  MemifTurns& operator=(const MemifTurns&) = delete;

  /// Does something with the driver that its thread must not meet: making, starting and closing devices.
  void alone(const std::function<void()>& work);
  /// The member's workers are out, and it is not called, until add() and after remove().
  void add(Member& member);
  void remove(Member& member);

 private:
  MemifTurns() = default;
  std::string begin();
  void turn();
  static void on_event(void* self) { static_cast<MemifTurns*>(self)->turn(); }

  rte_intr_handle* handle_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Member*> members_;
  bool inside_ = false;  // the thread is in turn()
  bool joined_ = false;  // somebody waits to be let in
};

}  // namespace limpid::nic
