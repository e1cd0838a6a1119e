// The mirrors of the configuration that have a thread of their own, made from it. What hangs on a port is
// each worker's instead (appliance.cc).
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "config/configuration.h"
#include "control/masking.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/queued_mirror.h"

namespace limpid::control {

/// Null where the tool is none of these. The error is a sentence. `clock` outlives the mirror.
Result<std::unique_ptr<tool::QueuedMirror>, std::string> open_mirror(const config::Tool& tool,
                                                                     const MaskMaker& masks,
                                                                     std::size_t workers, const Clock& clock,
                                                                     tool::Warn warn);

/// What `limpid tools` calls its kind: "interface", "pcapng", "vxlan", …
std::string mirror_kind(const config::Mirror& mirror);

}  // namespace limpid::control
