// Workers between memory ports under a clock and a sleeper of the test's: what the worker's tests share.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/worker/worker.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_port.h"
#include "tests/support/wire_frames.h"
#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::worker {

using frames::Frame;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr PortIndex kClientPort = 0;
inline constexpr PortIndex kServerPort = 1;
inline constexpr PortIndex kMirrorPort = 2;

/// Sleeps by letting the clock advance, and does what the test wants while the worker sleeps.
class ScriptedSleeper final : public Sleeper {
 public:
  explicit ScriptedSleeper(ManualClock& clock) : clock_(clock) {}
  void sleep(Duration at_most, std::span<const int> descriptors) override {
    naps.push_back(at_most);
    watched.assign(descriptors.begin(), descriptors.end());
    clock_.advance(at_most);
    if (while_asleep) while_asleep(naps.size());
  }
  std::vector<Duration> naps;
  std::vector<int> watched;
  std::function<void(std::size_t)> while_asleep;

 private:
  ManualClock& clock_;
};

/// One worker with one segment and a mirror's port. Settings may be changed before worker() is first called.
class WorkerTest : public ::testing::Test {
 protected:
  Worker& worker() {
    if (!worker_) {
      settings.flow.flows_max = 1024;
      fabric_ = std::make_unique<Fabric>(std::vector<nic::Port*>{&client, &server, &mirror}, fabric_settings);
      worker_ =
          std::make_unique<Worker>(settings, WorkerSurroundings{*fabric_, pool, random, clock, sleeper});
      worker_->attach(user);
    }
    return *worker_;
  }

  flow::ScriptedUser user;
  nic::SharedPacketPool pool;
  SeededRandom random{7};
  ManualClock clock{microseconds(10)};
  ScriptedSleeper sleeper{clock};
  nic::MemoryPort client{"d0", pool};
  nic::MemoryPort server{"d1", pool};
  nic::MemoryPort mirror{"m0", pool};
  WorkerSettings settings;
  FabricSettings fabric_settings{.segments = {{kClientPort, kServerPort}}};

 private:
  std::unique_ptr<Fabric> fabric_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace limpid::worker
