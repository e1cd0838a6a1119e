// LiveView: what runs now, as the operator asks for it. It has each worker report on its own thread and
// gathers the answers; a worker that does not answer in time is left out, and stats count it. The flow table
// is shown in slices, one command each, so that no question keeps a worker from its packets. Control thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "control/backend.h"
#include "control/reports.h"
#include "dataplane/base/clock.h"
#include "dataplane/tool/inline_tool.h"
#include "dataplane/tool/mirror_counters.h"
#include "dataplane/tool/tool_group.h"
#include "dataplane/worker/worker.h"

namespace limpid::tls {
class Interceptor;
}  // namespace limpid::tls
namespace limpid::tool {
class InterfaceMirror;
}  // namespace limpid::tool

namespace limpid::control {

/// What the tools of all workers have done, by tool.
struct ToolTotals {
  std::vector<tool::MirrorCounters> mirrors;
  std::vector<tool::InlineToolCounters> inline_tools;
  std::vector<tool::ToolGroupCounters> groups;  // of one tool, or of several
};

/// One worker with its user and its tools; all of them outlive the LiveView.
struct WatchedWorker {
  worker::Worker* worker = nullptr;
  tls::Interceptor* interceptor = nullptr;
  std::vector<const tool::InterfaceMirror*> mirrors;  // by tool; null: not an interface
  std::vector<const tool::InlineTool*> inline_tools;  // by tool; null: a mirror or a group
  std::vector<const tool::ToolGroup*> groups;         // by tool; null: a mirror
  std::int32_t core = -1;
};

class LiveView {
 public:
  // What one command may look at, and what it may describe, which is the dearer of the two.
  static constexpr std::uint32_t kRecordsPerSlice = 1'024;
  static constexpr std::size_t kDescribedPerSlice = 128;
  static constexpr std::size_t kRepetitionsPerCommand = 256;

  LiveView(std::vector<WatchedWorker> workers, std::vector<std::string> segments, const Clock& clock)
      : workers_(std::move(workers)), segments_(std::move(segments)), clock_(clock) {}

  /// Flows that match, at most query.limit. `meanwhile` is called while slices are on their way: a million
  /// flows are many slices, and the caller has more to do than to wait.
  std::vector<SessionRow> sessions(const SessionQuery& query, const std::function<void()>& meanwhile) const;
  /// Has the workers report sightings of certificates that they kept back, so that counts are exact.
  void report_repetitions(const std::function<void()>& meanwhile) const;
  /// Fills workers, reasons and the interceptors' counters. Returns what interface mirrors and inline tools
  /// did.
  ToolTotals add_stats(Stats& stats) const;

 private:
  struct Slice {
    std::vector<SessionRow> rows;
    std::uint32_t next = 0;
  };
  class Walk;

  /// Called on the worker's thread.
  Slice slice_of(worker::Worker& worker, const SessionQuery& query, std::uint32_t from) const;

  std::vector<WatchedWorker> workers_;
  std::vector<std::string> segments_;
  const Clock& clock_;
};

}  // namespace limpid::control
