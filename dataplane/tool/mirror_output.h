// MirrorOutput: where a QueuedMirror's thread puts the frames of its stories: a recording, a tunnel, clients
// of a socket. It counts for itself what became of them. Thread: the mirror's own, but for add_to().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/tool/mirror_counters.h"
#include "dataplane/tool/mirror_story.h"

namespace limpid::tool {

/// Takes a sentence for the log, on the mirror's thread.
using Warn = std::function<void(std::string_view)>;

class MirrorOutput : public FrameSink {
 public:
  /// The frames that follow are of this moment.
  virtual void begin(Instant now) = 0;
  /// Lines of a key log that open frames which follow. Outputs that have no place for them drop them.
  virtual void on_secrets(Bytes /*lines*/) {}
  /// Nothing waits: what was gathered goes out. Called every few milliseconds, with frames or without.
  virtual void flush(Instant now) = 0;
  /// The mirror ends. What cannot go out now never will.
  virtual void finish(Instant now) = 0;

  /// Any thread.
  void add_to(MirrorCounters& counters) const {
    counters.packets += packets_.load(std::memory_order_relaxed);
    counters.bytes += bytes_.load(std::memory_order_relaxed);
    counters.lost_write += lost_.load(std::memory_order_relaxed);
  }

 protected:
  void count_sent(std::size_t size) {
    packets_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(size, std::memory_order_relaxed);
  }
  void count_lost() { lost_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace limpid::tool
