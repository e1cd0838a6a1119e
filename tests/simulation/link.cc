#include "tests/simulation/link.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace limpid::simulation {

std::size_t wire_size(const Frame& frame) {
  constexpr std::size_t kHeaders = 54;
  return kHeaders + frame.payload.size();
}

std::size_t ip_size(const Frame& frame) {
  std::size_t options = frame.options.timestamps ? 12 : 0;
  if (frame.options.sack_blocks > 0) options += 4 + std::size_t{8} * frame.options.sack_blocks;
  return 40 + options + frame.payload.size();
}

std::uint64_t Dice::magnitude(std::uint64_t low, std::uint64_t high) {
  const double from = std::log(static_cast<double>(low) + 1);
  const double to = std::log(static_cast<double>(high) + 1);
  const double at = from + (to - from) * static_cast<double>(next() >> 11U) * 0x1p-53;
  return std::clamp(static_cast<std::uint64_t>(std::exp(at)) - 1, low, high);
}

bool Passages::lose() {
  if (in_burst_) in_burst_ = !dice_.chance(model_.burst_end);
  if (!in_burst_) in_burst_ = dice_.chance(model_.burst_begin);
  return in_burst_ || dice_.chance(model_.loss);
}

std::optional<Instant> Passages::departure(std::size_t size, Instant now) {
  Instant departs = std::max(now, free_at_);
  if (model_.bytes_per_second == 0) return departs;
  const auto queued =
      static_cast<double>((departs - now).count()) * 1e-9 * static_cast<double>(model_.bytes_per_second);
  if (queued > static_cast<double>(model_.queue_bytes)) return std::nullopt;
  departs += Duration{static_cast<Duration::rep>(size * 1'000'000'000ULL / model_.bytes_per_second)};
  free_at_ = departs;
  return departs;
}

Passage Passages::next(std::size_t size, std::size_t ip_size, bool may_be_marked, Instant now) {
  Passage passage{.lost = true};
  if (model_.mtu > 0 && now - start_ >= model_.narrows_at && ip_size > model_.mtu) {
    if (!model_.black_hole) passage.told_mtu = model_.mtu;
    return passage;
  }
  const std::optional<Instant> departs = departure(size, now);
  if (!departs || lose()) return passage;
  passage.lost = false;
  passage.marked = may_be_marked && dice_.chance(model_.mark);
  passage.at = *departs + model_.delay;
  if (model_.jitter > Duration::zero()) {
    passage.at += Duration{
        static_cast<Duration::rep>(dice_.between(0, static_cast<std::uint64_t>(model_.jitter.count())))};
  }
  if (dice_.chance(model_.reorder)) {
    passage.at += model_.reorder_delay;
  } else {
    passage.at = std::max(passage.at, last_arrival_);
    last_arrival_ = passage.at;
  }
  if (dice_.chance(model_.duplicate)) passage.copy_at = passage.at + model_.delay / 2;
  if (model_.damage > 0 && dice_.chance(model_.damage))
    passage.damage = (dice_.next() & ~std::uint64_t{7}) | model_.damaged_bit;
  return passage;
}

void Passages::heal() {
  model_.loss = model_.burst_begin = model_.duplicate = model_.damage = model_.reorder = 0;
  in_burst_ = false;
  model_.burst_end = 1;
}

std::string describe(const LinkModel& model) {
  std::ostringstream out;
  out << "delay " << model.delay.count() / 1000 << " us, loss " << model.loss << ", bursts "
      << model.burst_begin << ", marks " << model.mark << ", duplicate " << model.duplicate << ", damage "
      << model.damage << ", reorder " << model.reorder << " by " << model.reorder_delay.count() / 1000
      << " us, rate " << model.bytes_per_second << " B/s, queue " << model.queue_bytes << ", mtu "
      << model.mtu << " from " << model.narrows_at.count() / 1000 << " us"
      << (model.black_hole ? " (black hole)" : "");
  return out.str();
}

}  // namespace limpid::simulation
