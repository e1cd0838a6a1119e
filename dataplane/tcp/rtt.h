// RttEstimator: from round-trip samples to the retransmission time-out (RFC 6298). Who decides which samples
// are unambiguous (Karn) is the caller.
#pragma once

#include <algorithm>

#include "dataplane/base/clock.h"

namespace limpid::tcp {

class RttEstimator {
 public:
  bool known() const { return smoothed_ > Duration::zero(); }
  /// Zero while unknown.
  Duration smoothed() const { return smoothed_; }

  void add(Duration sample) {
    sample = std::max(sample, Duration{1000});  // a microsecond: "zero" means unknown
    if (!known()) {                             // (2.2)
      smoothed_ = sample;
      variation_ = sample / 2;
      return;
    }
    const Duration error = sample > smoothed_ ? sample - smoothed_ : smoothed_ - sample;
    variation_ += (error - variation_) / 4;  // (2.3)
    smoothed_ += (sample - smoothed_) / 8;
  }

  /// A time-out was spurious, and this sample shows why: at least that long a round trip must be reckoned
  /// with (RFC 4015 §3.3).
  void add_after_spurious(Duration sample) {
    smoothed_ = std::max(smoothed_, sample);
    variation_ = std::max(variation_, sample / 2);
  }

  /// Without back-off. The variation counts for `minimum` at least, as the peer may delay its ACK by any time
  /// up to some 200 ms, however steady the path is.
  Duration timeout(Duration initial, Duration minimum, Duration maximum) const {
    if (!known()) return initial;
    return std::min(smoothed_ + std::max(4 * variation_, minimum), maximum);
  }

 private:
  Duration smoothed_{};
  Duration variation_{};
};

}  // namespace limpid::tcp
