// TransitClock: how long what goes into a tool takes to come out of it, one direction of one passage. One
// sample at a time: the last byte of what went in is waited for at the other side. What limpid itself takes
// is kept apart: until the end of the loop in which the byte went in, and that of the loop in which it came
// out. Reads no clock; thread: the worker's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"

namespace limpid::tool {

class TransitClock {
 public:
  struct Sample {
    Duration tool{};
    Duration own{};  // of the loop in which it went in
  };

  /// A sample is on its way whose loop has not ended yet.
  bool fresh() const { return waiting_ && !left_; }
  /// The loop in which it went in has ended.
  void loop_ended(Instant now) {
    if (fresh()) left_ = now;
  }
  /// So many bytes have gone in, and come out, by the loop that began at `now`.
  std::optional<Sample> look(std::uint64_t in, std::uint64_t out, Instant now) {
    std::optional<Sample> sample;
    if (waiting_ && out + missing_ >= position_) {
      if (left_) sample = Sample{.tool = now - *left_, .own = *left_ - began_};
      waiting_ = false;
    }
    if (waiting_ && now - began_ >= kGivenUp) {
      missing_ = in - out;  // the tool has shortened the stream: from here on it is measured anew
      waiting_ = false;
    }
    if (!waiting_ && in > position_) {
      position_ = in;
      began_ = now;
      left_.reset();
      waiting_ = true;
    }
    return sample;
  }

 private:
  static constexpr Duration kGivenUp = std::chrono::seconds(10);

  std::uint64_t position_ = 0;
  std::uint64_t missing_ = 0;
  Instant began_{};
  std::optional<Instant> left_{};
  bool waiting_ = false;
};

}  // namespace limpid::tool
