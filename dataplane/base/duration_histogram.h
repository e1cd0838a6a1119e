// DurationHistogram: how long something took, as counts in 112 classes: four for each doubling, from a
// microsecond to two minutes. Bounded memory, no loss of rare long times, percentiles within a quarter. A
// value: it is copied to whoever reports it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

#include "dataplane/base/clock.h"

namespace limpid {

class DurationHistogram {
 public:
  void record(Duration took) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    ++counts_[class_of(static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)))];
    ++count_;
  }
  void add(const DurationHistogram& other) {
    for (std::size_t i = 0; i < kClasses; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
  }
  std::uint64_t count() const { return count_; }
  /// No more than this in so many of a hundred cases: the end of their class. Zero where nothing was
  /// recorded.
  Duration percentile(unsigned of_hundred) const {
    const std::uint64_t wanted = (count_ * of_hundred + 99) / 100;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kClasses && wanted > 0; ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::chrono::microseconds(end_of(i));
    }
    return Duration::zero();
  }

 private:
  static constexpr std::size_t kClasses = 112;
  static constexpr unsigned kShift = 2;  // four classes each doubling

  static std::size_t class_of(std::uint64_t us) {
    if (us < 4) return static_cast<std::size_t>(us);
    const auto octave = static_cast<unsigned>(std::bit_width(us)) - 1;
    const std::uint64_t quarter = (us >> (octave - kShift)) & 3U;
    return std::min<std::size_t>((octave - 1) * std::size_t{4} + static_cast<std::size_t>(quarter),
                                 kClasses - 1);
  }
  static std::uint64_t end_of(std::size_t number) {
    if (number < 4) return number + 1;
    const std::size_t octave = number / 4 + 1;
    return (number % 4 + 5) << (octave - kShift);
  }

  std::array<std::uint64_t, kClasses> counts_{};
  std::uint64_t count_ = 0;
};

}  // namespace limpid
