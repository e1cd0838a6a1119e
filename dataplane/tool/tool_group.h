// ToolGroup: what a rule names, as one worker sees it: an inline tool, or several equal ones that share the
// sessions. Which tool a session goes through is GroupStatus' answer; the passage is the tool's own.
// Thread: the worker's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/tool/flow_hash.h"
#include "dataplane/tool/group_status.h"
#include "dataplane/tool/inline_tool.h"

namespace limpid::tool {

struct ToolGroupSettings {
  bool reset_open_sessions = false;  // as soon as their tool is down; else they wait for it, or time out
  std::uint64_t hash_secret = 0;     // the same for all workers
};

/// Counted since construction: sessions, and flows that are not decrypted.
struct ToolGroupCounters {
  std::uint64_t bypassed = 0;  // that went on without it because it had failed
  std::uint64_t past = 0;      // because the operator has taken it out of service
  std::uint64_t refused = 0;   // that were reset because it had failed

  void add(const ToolGroupCounters& other) {
    bypassed += other.bypassed;
    past += other.past;
    refused += other.refused;
  }
};

class ToolGroup {
 public:
  using Tried = GroupStatus::Tried;

  /// `tools`: as in the status, members first. All outlive the group.
  ToolGroup(const ToolGroupSettings& settings, const GroupStatus& status, std::vector<InlineTool*> tools)
      : settings_(settings), status_(status), tools_(std::move(tools)) {}

  /// The tool that serves this flow and was not tried yet; it is then noted as tried. Null: there is none, or
  /// the group as a whole is not to be used.
  InlineTool* choose(const FlowFacts& flow, Tried& tried) {
    if (status_.way() != GroupStatus::Way::kThrough) return nullptr;
    const auto tool = status_.choose(symmetric_flow_hash(flow, settings_.hash_secret), tried);
    if (!tool) return nullptr;
    tried |= Tried{1} << *tool;
    return tools_[*tool];
  }
  /// A passage through it.
  std::unique_ptr<Passage> open(PassageRequest request, Tried& tried, Instant now) {
    InlineTool* tool = choose(request.flow, tried);
    return tool == nullptr ? nullptr : tool->open(std::move(request), now);
  }
  /// None was to be had, and nothing has gone into the tool yet: whether a session or flow may do without,
  /// and why. It is counted. Reason::none: it may not.
  Reason do_without() {
    if (status_.way() == GroupStatus::Way::kPast) {
      ++counters_.past;
      return Reason::tool_out_of_service;
    }
    if (status_.on_failure() == OnFailure::kBypass) {
      ++counters_.bypassed;
      return Reason::tool_bypassed;
    }
    ++counters_.refused;
    return Reason::none;
  }

  const GroupStatus& status() const { return status_; }
  /// Sessions that need the group are refused now.
  bool refuses() const { return status_.failed() && status_.on_failure() != OnFailure::kBypass; }
  /// Nothing is intercepted now, whether it needs the group or not.
  bool bypasses_network() const {
    return status_.on_failure() == OnFailure::kBypassNetwork && status_.failed();
  }
  bool resets_open_sessions() const { return settings_.reset_open_sessions; }

  /// All that serve it, members first.
  const std::vector<InlineTool*>& tools() const { return tools_; }
  ToolGroupCounters& counters() { return counters_; }
  const ToolGroupCounters& counters() const { return counters_; }

 private:
  ToolGroupSettings settings_;
  const GroupStatus& status_;
  std::vector<InlineTool*> tools_;
  ToolGroupCounters counters_;
};

}  // namespace limpid::tool
