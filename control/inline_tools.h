// InlineTools: the wiring of inline tools and their groups: what all workers share of them (boards, the
// status of groups), what each worker has of its own, and what the control thread watches. Made after the
// ports and before the workers, outlives them. Control thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "control/live_view.h"
#include "control/reports.h"
#include "control/tool_watch.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"
#include "dataplane/nic/runtime.h"
#include "dataplane/tool/frame_path.h"
#include "dataplane/tool/group_status.h"
#include "dataplane/tool/health_board.h"
#include "dataplane/tool/inline_tool.h"
#include "dataplane/tool/tool_group.h"
#include "dataplane/tool/tool_tags.h"
#include "dataplane/worker/worker.h"

namespace limpid::control {

/// How the segments are told apart on the tool's wires.
tool::ToolTags tags_of(const config::InlineTool& tool);

class InlineTools {
 public:
  /// All of it outlives the InlineTools.
  struct Surroundings {
    const config::Configuration& configuration;
    nic::Runtime& runtime;
    const std::map<std::size_t, worker::PortIndex>& ports;  // by tool: of side A; B is next
    Random& random;
    const Clock& clock;
  };
  explicit InlineTools(const Surroundings& with);

  /// By tool; null: a mirror, or not of this kind.
  struct OfWorker {
    std::vector<std::unique_ptr<tool::InlineTool>> tools;
    std::vector<std::unique_ptr<tool::ToolGroup>> groups;  // a tool of its own is a group of one
    std::unique_ptr<tool::FramePath> frames;               // null: what is not TCP goes past all of them
  };
  /// Makes what this worker has of them, and attaches it there.
  OfWorker attach_to(worker::Worker& on) const;

  using ToolOf = std::function<tool::InlineTool*(std::size_t worker, std::size_t tool)>;
  /// `workers` and what `tool_of` finds outlive the watch.
  std::unique_ptr<ToolWatch> watch(const std::vector<worker::Worker*>& workers, const ToolOf& tool_of,
                                   ToolWatch::Write write);
  /// The segments' interfaces are as they were before a tool failed.
  void restore_ports();

  void add_stats(Stats& stats, const ToolTotals& totals) const;

 private:
  std::unique_ptr<tool::InlineTool> make(std::size_t number, worker::Worker& on) const;
  void add_frame_path(OfWorker& made, worker::Worker& on) const;
  void add_to(ToolWatch& watch);
  void set_ports(bool up);
  bool resetting(std::size_t number) const;
  std::string names_of(const std::vector<std::uint16_t>& tools) const;

  Surroundings with_;
  const std::vector<config::Tool>& tools_;
  std::uint64_t heartbeat_token_;
  std::uint64_t group_secret_;
  std::vector<std::unique_ptr<tool::HealthBoard>> boards_;    // by tool; null: not an inline tool
  std::vector<std::unique_ptr<tool::GroupStatus>> statuses_;  // by tool; null: a mirror
  ToolWatch::Write write_;
  bool ports_down_ = false;  // by us
};

}  // namespace limpid::control
