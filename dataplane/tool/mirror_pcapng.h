// A mirror that writes the plaintext of sessions into a pcapng file, or into one after the other. A full disk
// costs copies (counted, warned of once), never traffic, and is tried again. The file is readable up to the
// last flush whenever the process dies. It holds plaintext: its mode is 0600.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/queued_mirror.h"
#include "dataplane/tool/recording.h"

namespace limpid::tool {

struct PcapngMirrorSettings {
  std::string path{};            // an existing pcapng file is continued; anything else there is an error
  std::string interface_name{};  // the tool's name, as readers show it
  std::uint32_t retry_after_ms = 1'000;  // after a failed write
  Rotation rotation{};                   // none: one file
  QueuedMirrorSettings queue{};
};

/// `warn` is called on the mirror's thread with a sentence for the log. The error is a sentence too. `clock`
/// outlives the mirror.
Result<std::unique_ptr<QueuedMirror>, std::string> open_pcapng_mirror(
    const PcapngMirrorSettings& settings, const Clock& clock, Warn warn,
    std::unique_ptr<Masking> masking = nullptr);

}  // namespace limpid::tool
