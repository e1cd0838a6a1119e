// MemifTurns: workers and DPDK's interrupt thread take turns at the rings of memif ports. DPDK's driver
// serves the sockets on that thread, and when a peer goes, unmaps the shared memory there without asking
// whether a worker is reading in it. So the thread spends its time in a call of ours, with the workers let
// in, and gets to the sockets only in between, every 10 ms, with the workers kept out for that moment.
// Threads: made, used and destroyed on the thread that starts and ends the ports; members are called on
// DPDK's.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/base/result.h"

struct rte_intr_handle;

namespace limpid::nic {

class MemifTurns {
 public:
  class Member {
   public:
    virtual ~Member() = default;
    /// The driver is quiet until the next keep_out().
    virtual void let_in() = 0;
    /// The driver has the rings to itself when this returns.
    virtual void keep_out() = 0;
    /// Once a turn, after every member's let_in(). Whether somebody is connected: where all members have
    /// somebody, turns are longer.
    virtual bool look_after() = 0;
  };

  /// The one of this process, as long as anybody has it; after start_eal(). The error is a sentence.
  static Result<std::shared_ptr<MemifTurns>, std::string> shared();
  ~MemifTurns();
  MemifTurns(const MemifTurns&) = delete;
  MemifTurns& operator=(const MemifTurns&) = delete;

  /// The member's workers are out, and it is not called, until add() and after remove().
  void add(Member& member);
  void remove(Member& member);

 private:
  MemifTurns() = default;
  std::string begin();
  void turn();
  static void on_event(void* self) { static_cast<MemifTurns*>(self)->turn(); }

  int event_ = -1;  // always readable, so that the thread comes back to us at once
  rte_intr_handle* handle_ = nullptr;
  bool registered_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Member*> members_;
  bool joined_ = false;  // somebody waits to be let in
  bool ending_ = false;
  bool ended_ = false;  // no turn comes any more
};

}  // namespace limpid::nic
