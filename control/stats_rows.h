// The rows of `limpid stats` out of what the parts count. What a part gave up stands among the reasons as
// well as in the part's own row. Pure functions on values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/reports.h"
#include "dataplane/base/reasons.h"
#include "dataplane/nic/port.h"
#include "dataplane/tool/health_board.h"
#include "dataplane/tool/inline_tool.h"
#include "dataplane/tool/mirror_counters.h"
#include "dataplane/tool/tool_group.h"

namespace limpid::control {

/// To the reason's row; it is made where there is none. Nothing for a count of 0.
void add_reason(Stats& stats, Reason reason, std::uint64_t count);
void add_reasons(Stats& stats, const ReasonCounters& counters);
/// `kind`: "interface", "pcapng", "vxlan", …. `left_out`: sessions beyond its share.
void add_mirror(Stats& stats, const std::string& tool, const std::string& kind,
                const tool::MirrorCounters& counters, std::uint64_t left_out = 0);
void add_inline_tool(Stats& stats, const std::string& tool, std::string_view on_failure,
                     const tool::InlineToolCounters& counters, const tool::HealthBoard& board,
                     const tool::ToolGroupCounters& sessions);
/// `row`: its names.
void add_tool_group(Stats& stats, ToolGroupStats row, const tool::GroupStatus& status,
                    const tool::ToolGroupCounters& counters);
void add_inventory(Stats& stats, const InventoryStats& inventory);
void add_port(Stats& stats, const std::string& device, const nic::PortCounters& counters);

}  // namespace limpid::control
