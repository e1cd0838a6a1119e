#include "tests/simulation/link.h"

#include <algorithm>
#include <cmath>

namespace limpid::simulation {
namespace {

constexpr std::size_t kHeaderBytes = 54;

std::size_t ip_size(const Frame& frame) {
  std::size_t options = frame.options.timestamps ? 12 : 0;
  if (frame.options.sack_blocks > 0) options += 4 + std::size_t{8} * frame.options.sack_blocks;
  return 40 + options + frame.payload.size();
}

}  // namespace

std::uint64_t Dice::magnitude(std::uint64_t low, std::uint64_t high) {
  const double from = std::log(static_cast<double>(low) + 1);
  const double to = std::log(static_cast<double>(high) + 1);
  const double at = from + (to - from) * static_cast<double>(next() >> 11U) * 0x1p-53;
  return std::clamp(static_cast<std::uint64_t>(std::exp(at)) - 1, low, high);
}

bool Link::lose() {
  if (in_burst_) in_burst_ = !dice_.chance(model_.burst_end);
  if (!in_burst_) in_burst_ = dice_.chance(model_.burst_begin);
  return in_burst_ || dice_.chance(model_.loss);
}

std::optional<std::uint16_t> Link::send(Frame frame, Instant now) {
  if (model_.mtu > 0 && now - start_ >= model_.narrows_at && ip_size(frame) > model_.mtu) {
    ++lost_;
    return model_.black_hole ? std::nullopt : std::optional(model_.mtu);
  }
  Instant departs = std::max(now, free_at_);
  if (model_.bytes_per_second > 0) {
    const std::size_t size = kHeaderBytes + frame.payload.size();
    const auto queued =
        static_cast<double>((departs - now).count()) * 1e-9 * static_cast<double>(model_.bytes_per_second);
    if (queued > static_cast<double>(model_.queue_bytes)) {
      ++lost_;
      return std::nullopt;
    }
    departs += Duration{static_cast<Duration::rep>(size * 1'000'000'000ULL / model_.bytes_per_second)};
    free_at_ = departs;
  }
  if (lose()) {
    ++lost_;
    return std::nullopt;
  }
  if (frame.ect && dice_.chance(model_.mark)) frame.ce = true;
  Instant at = departs + model_.delay;
  if (model_.jitter > Duration::zero()) {
    at += Duration{
        static_cast<Duration::rep>(dice_.between(0, static_cast<std::uint64_t>(model_.jitter.count())))};
  }
  if (dice_.chance(model_.reorder)) {
    at += model_.reorder_delay;
  } else {
    at = std::max(at, last_arrival_);
    last_arrival_ = at;
  }
  if (dice_.chance(model_.duplicate)) queue_.push({at + model_.delay / 2, order_++, frame});
  queue_.push({at, order_++, std::move(frame)});
  return std::nullopt;
}

void Link::heal() {
  model_.loss = model_.burst_begin = model_.duplicate = model_.reorder = 0;
  in_burst_ = false;
  model_.burst_end = 1;
}

std::optional<Frame> Link::arrived(Instant now) {
  if (queue_.empty() || queue_.top().at > now) return std::nullopt;
  Frame frame = queue_.top().frame;
  queue_.pop();
  return frame;
}

}  // namespace limpid::simulation
