// What a mirror has done so far. Values; whoever reads them gets a copy.
#pragma once

#include <cstdint>

namespace limpid::tool {

struct MirrorCounters {
  std::uint64_t sessions = 0;
  std::uint64_t packets = 0;     // written to the file, or sent
  std::uint64_t bytes = 0;       // of those packets
  std::uint64_t lost_queue = 0;  // copies that found the queue or the port full: Reason::mirror_queue_full
  std::uint64_t lost_write = 0;  // packets that file or network did not take: Reason::mirror_write_failed

  void add(const MirrorCounters& other) {
    sessions += other.sessions;
    packets += other.packets;
    bytes += other.bytes;
    lost_queue += other.lost_queue;
    lost_write += other.lost_write;
  }
};

}  // namespace limpid::tool
