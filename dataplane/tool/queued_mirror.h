// QueuedMirror: takes the plaintext of sessions to a thread of its own, which tells their stories to an
// output. Each worker hands its copies over through a bounded queue of its own and is never slowed: what the
// queue does not take is lost and counted.
#pragma once

#include <cstddef>
#include <memory>

#include "dataplane/base/clock.h"
#include "dataplane/tool/masking.h"
#include "dataplane/tool/mirror_counters.h"
#include "dataplane/tool/mirror_output.h"
#include "dataplane/tool/plaintext_tap.h"

namespace limpid::tool {

struct QueuedMirrorSettings {
  std::size_t workers = 1;
  std::size_t queue_items_max = 8'192;       // of each worker
  std::size_t queue_bytes_max = 32U << 20U;  // of each worker
  std::size_t packet_max = kPacketMax;       // of a story
};

class QueuedMirror {
 public:
  /// Begins at once. `clock` outlives the mirror. Without `masking` nothing is masked.
  QueuedMirror(const QueuedMirrorSettings& settings, std::unique_ptr<MirrorOutput> output, const Clock& clock,
               std::unique_ptr<Masking> masking = nullptr);
  /// stop().
  ~QueuedMirror();
  QueuedMirror(const QueuedMirror&) = delete;
  QueuedMirror& operator=(const QueuedMirror&) = delete;

  /// The mirror as worker number `index` sees it. It and its taps must not outlive this object; each is used
  /// on that worker's thread only.
  Mirror& for_worker(std::size_t index);
  /// Tells everything that waits and ends the thread. The workers are stopped by then. Any thread, once.
  void stop();
  /// Any thread.
  MirrorCounters counters() const;

 private:
  class Teller;
  std::unique_ptr<Teller> teller_;
};

}  // namespace limpid::tool
