// PcapngMirror: writes the plaintext of sessions into a pcapng file, or into one after the other. Each worker
// hands its copies over through a bounded queue of its own and is never slowed: what the queue does not take
// is lost and counted. One thread of the mirror tells the stories and writes the file; it flushes whenever
// nothing is waiting. A full disk costs copies (counted, warned of once), never traffic, and is tried again.
// The file is readable up to the last flush whenever the process dies. It holds plaintext: its mode is 0600.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/mirror_counters.h"
#include "dataplane/tool/plaintext_tap.h"
#include "dataplane/tool/recording.h"

namespace limpid::tool {

struct PcapngMirrorSettings {
  std::string path{};            // an existing pcapng file is continued; anything else there is an error
  std::string interface_name{};  // the tool's name, as readers show it
  std::size_t workers = 1;
  std::size_t queue_items_max = 8'192;       // of each worker
  std::size_t queue_bytes_max = 32U << 20U;  // of each worker
  std::uint32_t retry_after_ms = 1'000;      // after a failed write
  Rotation rotation{};                       // none: one file
};

class PcapngMirror {
 public:
  /// `warn` is called on the mirror's thread with a sentence for the log. The error is a sentence too.
  /// `clock` outlives the mirror.
  static Result<std::unique_ptr<PcapngMirror>, std::string> open(const PcapngMirrorSettings& settings,
                                                                 const Clock& clock,
                                                                 std::function<void(std::string_view)> warn);
  /// stop().
  ~PcapngMirror();
  PcapngMirror(const PcapngMirror&) = delete;
  PcapngMirror& operator=(const PcapngMirror&) = delete;

  /// The mirror as worker number `index` sees it. It and its taps must not outlive this object; each is used
  /// on that worker's thread only.
  Mirror& for_worker(std::size_t index);
  /// Writes everything that waits and ends the thread. The workers are stopped by then. Any thread, once.
  void stop();
  /// Any thread.
  MirrorCounters counters() const;

 private:
  class Writer;
  explicit PcapngMirror(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace limpid::tool
