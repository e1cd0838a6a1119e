// Doorbell: wakes a worker that sleeps because nothing came. Whoever puts something where a worker will look
// for it (a hand-off queue, the command queue) rings; while the worker is awake that costs one load.
#pragma once

#include <atomic>

namespace limpid::worker {

class Doorbell {
 public:
  Doorbell();
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// Any thread, after the thing is in its place.
  void ring();

  /// The worker is about to sleep. It must look once more for work between this call and its sleep: from now
  /// on ring() makes descriptor() readable.
  void arm();
  /// The worker is awake.
  void disarm();
  /// For poll(2). -1 where the machine gave none: the worker then wakes by time only.
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::atomic<bool> armed_{false};
};

}  // namespace limpid::worker
