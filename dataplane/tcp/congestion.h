// Congestion: the congestion window of one endpoint, CUBIC (RFC 9438) or NewReno (RFC 5681). Counts bytes.
// Says how much may be in flight; that it is kept is the sender's affair. When it is called and by how much
// the window falls in recovery is decided in recovery.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/endpoint_settings.h"

namespace limpid::tcp {

class Congestion {
 public:
  Congestion(CongestionControl control, std::uint32_t segment_size, std::uint32_t initial_segments)
      : window_(segment_size * initial_segments),
        initial_(window_),
        segment_(segment_size),
        control_(control) {}

  std::uint32_t window() const { return window_; }
  std::uint32_t threshold() const { return threshold_; }
  std::uint32_t segment() const { return segment_; }  // a full segment's payload
  void set_segment(std::uint32_t segment_size) {
    const float ratio = static_cast<float>(segment_) / static_cast<float>(segment_size);
    window_max_ *= ratio;
    reno_window_ *= ratio;
    segment_ = segment_size;
  }
  bool in_slow_start() const { return window_ < threshold_; }

  /// New data was acknowledged outside of recovery, while the window was what held the sender back.
  void acknowledged(std::uint32_t bytes, Instant now, Duration round_trip);
  /// The sender had not enough to send: no growth, and the time does not count for CUBIC (RFC 9438 §5.8).
  void idle() { epoch_ = kNever; }
  /// A loss found by duplicate ACKs: lowers the threshold to which recovery brings the window down.
  void loss(std::uint32_t in_flight);
  /// A time-out. `again`: of what has already timed out; the threshold falls once per event.
  void timeout(std::uint32_t in_flight, bool again);
  /// Recovery sets the window from segment to segment (RFC 6937).
  void set_window(std::uint32_t window) { window_ = std::max(window, segment_); }
  void recovery_complete() { window_ = std::max(threshold_, segment_); }
  /// What a reduction changes, to be kept by whoever may have to take it back.
  struct Before {
    std::uint32_t threshold = 0;
    float window_max = 0;
  };
  Before before(std::uint32_t in_flight) const { return {std::max(in_flight, threshold_), window_max_}; }
  /// The reduction was for nothing (RFC 4015 §3.2): slow start leads back to where the window was, so that
  /// nothing bursts. `in_flight` now; `delivered` by the acknowledgement that told.
  void undo(const Before& before, std::uint32_t in_flight, std::uint32_t delivered);
  /// Nothing was sent for a time-out: what is known of the path is old (RFC 5681 §4.1).
  void restart();

 private:
  std::uint32_t slow_start(std::uint32_t bytes);
  void reno(std::uint32_t bytes);
  void cubic(std::uint32_t bytes, Instant now, Duration round_trip);
  void start_epoch(Instant now);
  void reduce(std::uint32_t in_flight);

  Instant epoch_ = kNever;  // begin of this growth period of CUBIC
  std::uint32_t window_;
  std::uint32_t threshold_ = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t initial_;
  std::uint32_t segment_;
  std::uint32_t credit_ = 0;  // acknowledged bytes that have not yet moved the window
  float window_max_ = 0;      // in segments: W_max
  float reno_window_ = 0;     // in segments: W_est
  float k_ = 0;               // seconds from the epoch until the window is at W_max again
  CongestionControl control_;
};

}  // namespace limpid::tcp
