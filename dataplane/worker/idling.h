// Idling: when a worker sleeps, and for how long. It spins while packets come; after a while without work it
// naps, each nap twice as long as the one before, never beyond the next timer. Pure.
#pragma once

#include <algorithm>

#include "dataplane/base/clock.h"

namespace limpid::worker {

struct IdlingSettings {
  Duration spin{};
  Duration nap_min{};
  Duration nap_max{};
};

class Idling {
 public:
  explicit Idling(const IdlingSettings& settings) : settings_(settings), nap_(settings.nap_min) {}

  void worked(Instant now) {
    last_work_ = now;
    nap_ = settings_.nap_min;
  }
  /// How long to sleep now; zero: not at all.
  Duration nap(Instant now, Instant next_deadline) {
    if (now - last_work_ < settings_.spin || next_deadline <= now) return Duration::zero();
    const Duration nap = std::min(nap_, next_deadline - now);
    nap_ = std::min(nap_ * 2, settings_.nap_max);
    return nap;
  }

 private:
  IdlingSettings settings_;
  Duration nap_;
  Instant last_work_{};
};

}  // namespace limpid::worker
