#include "dataplane/tcp/rack.h"

#include <algorithm>
#include <chrono>

namespace limpid::tcp {
namespace {

constexpr std::uint32_t kDupThresh = 3;
constexpr std::uint8_t kPersist = 16;         // recoveries for which a widened window stays
constexpr std::uint8_t kMultiplierMax = 200;  // SRTT bounds the window long before
constexpr std::int64_t kMinimumShift = 30;    // nanoseconds to units of about a second, without a division
constexpr std::uint32_t kMinimumLife = 280;   // five minutes of them: a path may change

}  // namespace

void Rack::delivered(const SentSegment& segment, NewestArrival& newest, Instant now,
                     std::optional<Instant> echoed) {
  const std::uint32_t end = segment.end();
  const bool again = segment.is(SentSegment::kRetransmitted);
  if (!newest.any || static_cast<std::int32_t>(end - newest.highest) > 0) {
    newest.any = true;
    newest.highest = end;
  } else if (!again) {
    reordering_seen_ = true;  // it was overtaken, and was never sent again
  }
  const Duration round_trip = now - segment.sent;
  if (again) {
    // The answer may be to the original, which says nothing of this transmission.
    if (echoed && *echoed < std::chrono::floor<std::chrono::milliseconds>(segment.sent)) return;
    if (minimum_ != UINT32_MAX && round_trip < Duration{minimum_}) return;
  } else {
    note_round_trip(round_trip, now);
  }
  if (newest.known && newest.overtook(segment)) return;
  newest.known = true;
  newest.sent = segment.sent;
  newest.end = end;
  newest.round_trip = round_trip;
}

void Rack::note_round_trip(Duration round_trip, Instant now) {
  const auto at = static_cast<std::uint32_t>(now.time_since_epoch().count() >> kMinimumShift);
  const auto value = static_cast<std::uint32_t>(std::min<std::int64_t>(round_trip.count(), UINT32_MAX));
  if (value > minimum_ && at - minimum_at_ < kMinimumLife) return;
  minimum_ = value;
  minimum_at_ = at;
}

void Rack::on_duplicate(std::uint32_t next) {
  if (in_round_) return;
  in_round_ = true;
  round_end_ = next;
  persist_ = kPersist;
  if (multiplier_ < kMultiplierMax) ++multiplier_;
}

void Rack::on_recovered() {
  if (persist_ > 0 && --persist_ == 0) multiplier_ = 1;
}

Duration Rack::window(bool recovering, std::uint32_t sacked_segments, Duration smoothed) const {
  if (!reordering_seen_ && (recovering || sacked_segments >= kDupThresh)) return {};
  return std::min(Duration{minimum_} / 4 * multiplier_, smoothed);
}

}  // namespace limpid::tcp
