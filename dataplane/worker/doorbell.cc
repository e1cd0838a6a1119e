// See doorbell.h. Both sides exchange one flag: whoever comes second sees the other's work, or the flag.
#include "dataplane/worker/doorbell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace limpid::worker {

Doorbell::Doorbell() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Doorbell::~Doorbell() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Doorbell::ring() {
  if (!armed_.exchange(false, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  // It can fail only where the worker is being woken already.
  static_cast<void>(!write(descriptor_, &one, sizeof one));
}

void Doorbell::arm() { armed_.exchange(true, std::memory_order_acq_rel); }

void Doorbell::disarm() {
  if (armed_.exchange(false, std::memory_order_acq_rel)) return;
  std::uint64_t rings =
      0;  // rung: whether or not the write has come by now, a later one only wakes once more
  static_cast<void>(!read(descriptor_, &rings, sizeof rings));
}

}  // namespace limpid::worker
