#include "policy/dimension.h"

#include <iterator>

namespace limpid::policy {

namespace {

constexpr unsigned kNumberBits = 16;

constexpr std::size_t index(Dimension dimension) { return static_cast<std::size_t>(dimension); }

/// The bits beyond `length`, all set.
Point tail(std::uint8_t length) {
  Point bits;
  bits.high = length >= 64U ? 0 : ~std::uint64_t{0} >> length;
  bits.low = length >= 128U ? 0 : length <= 64U ? ~std::uint64_t{0} : ~std::uint64_t{0} >> (length - 64U);
  return bits;
}

Point last_of(const PointPrefix& prefix) {
  const Point rest = tail(prefix.length);
  return {prefix.point.family, prefix.point.high | rest.high, prefix.point.low | rest.low};
}

bool less(const PointPrefix& a, const PointPrefix& b) {
  return a.point != b.point ? a.point < b.point : a.length < b.length;
}

/// The fewest prefixes that make up a range of numbers: at most 30.
void append_range(const NumberRange& range, std::vector<PointPrefix>& prefixes) {
  std::uint32_t first = range.first;
  const std::uint32_t last = range.last;
  while (first <= last) {
    unsigned free_bits = 0;  // the largest aligned block that begins here and does not exceed the range
    while (free_bits < kNumberBits && (first & ((2U << free_bits) - 1U)) == 0 &&
           first + (2U << free_bits) - 1U <= last) {
      ++free_bits;
    }
    prefixes.push_back(
        {point_of(static_cast<std::uint16_t>(first)), static_cast<std::uint8_t>(kNumberBits - free_bits)});
    first += 1U << free_bits;
  }
}

}  // namespace

Point point_of(const IpAddress& ip) {
  std::array<std::uint64_t, 2> words{};
  std::size_t at = 0;
  for (const std::byte byte : ip.bytes()) {
    words[at / 8U] |= std::to_integer<std::uint64_t>(byte) << (56U - 8U * (at % 8U));
    ++at;
  }
  return {static_cast<std::uint8_t>(ip.is_v6() ? 1 : 0), words[0], words[1]};
}

Point point_of(std::uint16_t number) { return {0, std::uint64_t{number} << 48U, 0}; }

Point masked(const Point& point, std::uint8_t length) {
  const Point rest = tail(length);
  return {point.family, point.high & ~rest.high, point.low & ~rest.low};
}

FlowPoints::FlowPoints(const FlowFacts& facts) {
  points_[index(Dimension::kServer)] = point_of(facts.server.ip);
  points_[index(Dimension::kClient)] = point_of(facts.client.ip);
  points_[index(Dimension::kServerPort)] = point_of(facts.server.port);
  points_[index(Dimension::kClientPort)] = point_of(facts.client.port);
  points_[index(Dimension::kVlan)] = point_of(facts.vlan);
  points_[index(Dimension::kSegment)] = point_of(facts.segment);
}

ConnectionConditions::ConnectionConditions(const Conditions& when) {
  const auto addresses = [this](Dimension dimension, const std::vector<IpPrefix>& list) {
    for (const IpPrefix& prefix : list) {
      prefixes_[index(dimension)].push_back({point_of(prefix.address), prefix.length});
    }
  };
  const auto numbers = [this](Dimension dimension, const std::vector<NumberRange>& list) {
    for (const NumberRange& range : list) append_range(range, prefixes_[index(dimension)]);
  };
  addresses(Dimension::kServer, when.server);
  addresses(Dimension::kClient, when.client);
  numbers(Dimension::kServerPort, when.server_port);
  numbers(Dimension::kClientPort, when.client_port);
  numbers(Dimension::kVlan, when.vlan);
  for (const std::uint16_t segment : when.segment) {
    prefixes_[index(Dimension::kSegment)].push_back({point_of(segment), kNumberBits});
  }
  settle();
}

void ConnectionConditions::settle() {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    std::vector<PointPrefix>& prefixes = prefixes_[i];
    std::sort(prefixes.begin(), prefixes.end(), less);
    // A prefix within another one says nothing; sorted, it comes behind it.
    std::vector<PointPrefix> kept;
    for (const PointPrefix& prefix : prefixes) {
      if (!ranges_[i].empty() && prefix.point <= ranges_[i].back().last) continue;
      kept.push_back(prefix);
      ranges_[i].push_back({prefix.point, last_of(prefix)});
    }
    kept.shrink_to_fit();
    prefixes = std::move(kept);
  }
}

bool ConnectionConditions::constrains_anything() const {
  return std::any_of(prefixes_.begin(), prefixes_.end(), [](const auto& list) { return !list.empty(); });
}

bool ConnectionConditions::include(const ConnectionConditions& other) const {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (ranges_[i].empty()) continue;
    if (other.ranges_[i].empty()) return false;
    for (const Range& range : other.ranges_[i]) {
      // Prefixes are nested or apart: one of ours holds both ends, or none holds the whole.
      const auto after = std::upper_bound(ranges_[i].begin(), ranges_[i].end(), range.first,
                                          [](const Point& p, const Range& ours) { return p < ours.first; });
      if (after == ranges_[i].begin() || std::prev(after)->last < range.last) return false;
    }
  }
  return true;
}

std::size_t ConnectionConditions::hash() const {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&hash](std::uint64_t value) { hash = (hash ^ value ^ (value >> 29U)) * 0x100000001b3U; };
  for (std::size_t i = 0; i < kDimensions; ++i) {
    add(i);
    for (const PointPrefix& prefix : prefixes_[i]) {
      add(prefix.point.high);
      add(prefix.point.low);
      add(prefix.length + 256U * prefix.point.family);
    }
  }
  return static_cast<std::size_t>(hash);
}

}  // namespace limpid::policy
