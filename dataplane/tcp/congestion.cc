#include "dataplane/tcp/congestion.h"

#include <cmath>

namespace limpid::tcp {
namespace {

constexpr float kCubic = 0.4F;  // C, in segments/s^3 (RFC 9438 §5)
constexpr float kBeta = 0.7F;
constexpr float kRenoSlope =
    3.0F * (1.0F - kBeta) / (1.0F + kBeta);  // alpha_cubic: Reno's average with this beta
constexpr std::uint32_t kWindowMax = 1U << 30U;

}  // namespace

void Congestion::acknowledged(std::uint32_t bytes, Instant now, Duration round_trip) {
  if (in_slow_start()) bytes = slow_start(bytes);
  if (bytes == 0) return;
  if (control_ == CongestionControl::kReno) {
    reno(bytes);
  } else {
    cubic(bytes, now, round_trip);
  }
  window_ = std::min(window_, kWindowMax);
}

// Grows by what was acknowledged (RFC 3465; a burst may acknowledge many segments at once). Returns what is
// left over when the threshold is reached.
std::uint32_t Congestion::slow_start(std::uint32_t bytes) {
  const std::uint32_t grown =
      std::min({bytes, threshold_ - window_, kWindowMax - std::min(window_, kWindowMax)});
  window_ += grown;
  return in_slow_start() ? 0 : bytes - grown;
}

void Congestion::reno(std::uint32_t bytes) {
  credit_ += bytes;
  if (credit_ < window_) return;
  credit_ -= window_;
  window_ += segment_;
}

void Congestion::start_epoch(Instant now) {
  epoch_ = now;
  const float window = static_cast<float>(window_) / static_cast<float>(segment_);
  reno_window_ = window;
  if (window < window_max_) {
    k_ = std::cbrt((window_max_ - window) / kCubic);
  } else {
    k_ = 0;
    window_max_ = window;
  }
}

void Congestion::cubic(std::uint32_t bytes, Instant now, Duration round_trip) {
  if (epoch_ == kNever) start_epoch(now);
  const float window = static_cast<float>(window_) / static_cast<float>(segment_);
  const float acked = static_cast<float>(bytes) / static_cast<float>(segment_);
  const float t = std::chrono::duration<float>(now - epoch_ + round_trip).count() - k_;
  const float target = std::clamp(kCubic * t * t * t + window_max_, window, 1.5F * window);
  reno_window_ += (reno_window_ < window_max_ ? kRenoSlope : 1.0F) * acked / window;
  const float grown = std::max(window + (target - window) * std::min(acked / window, 1.0F),
                               std::min(reno_window_, window + acked));
  credit_ += static_cast<std::uint32_t>((grown - window) * static_cast<float>(segment_) * 16.0F);
  window_ += credit_ / 16;
  credit_ %= 16;
}

void Congestion::reduce(std::uint32_t in_flight) {
  const bool cubic_control = control_ == CongestionControl::kCubic;
  const float beta = cubic_control ? kBeta : 0.5F;
  const float window = static_cast<float>(window_) / static_cast<float>(segment_);
  window_max_ = window < window_max_ ? window * (1.0F + kBeta) / 2.0F : window;  // fast convergence
  const auto from = static_cast<float>(std::min(window_, std::max(in_flight, initial_)));
  threshold_ = std::max(static_cast<std::uint32_t>(from * beta), 2 * segment_);
  epoch_ = kNever;
  credit_ = 0;
}

void Congestion::loss(std::uint32_t in_flight) { reduce(in_flight); }

void Congestion::timeout(std::uint32_t in_flight, bool again) {
  if (!again) reduce(in_flight);
  window_ = segment_;
}

void Congestion::undo(const Before& before, std::uint32_t in_flight, std::uint32_t delivered) {
  threshold_ = std::max(threshold_, before.threshold);
  window_ = std::max(window_, in_flight + std::min(delivered, initial_));
  window_max_ = before.window_max;
  epoch_ = kNever;
  credit_ = 0;
}

void Congestion::restart() {
  window_ = std::min(window_, initial_);
  epoch_ = kNever;
}

}  // namespace limpid::tcp
