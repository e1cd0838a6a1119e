// What travels in the simulator: owned segments, the pattern that every stream carries, and the seeded dice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/segment.h"

namespace limpid::simulation {

/// Segments as the link carries them; the payload is its own.
struct Frame {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;
  std::uint8_t flags = 0;
  wire::TcpOptions options{};
  std::vector<std::byte> payload{};

  bool has(tcp::Flag flag) const { return (flags & flag) != 0; }
};

/// Byte `offset` of the stream named `stream`: what both ends and the lint compute for themselves.
inline std::byte pattern(std::uint64_t stream, std::uint64_t offset) {
  std::uint64_t x = (stream + offset / 8) * 0x9E3779B97F4A7C15ULL;
  x ^= x >> 29U;
  x *= 0xBF58476D1CE4E5B9ULL;
  return static_cast<std::byte>(x >> (8 * (offset % 8)));
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
  }
  /// In [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + next() % (high - low + 1); }
  bool chance(double probability) { return static_cast<double>(next() >> 11U) * 0x1p-53 < probability; }
  /// In [low, high], every order of magnitude as likely as another.
  std::uint64_t magnitude(std::uint64_t low, std::uint64_t high);
  Duration duration(Duration low, Duration high) {
    return Duration{static_cast<Duration::rep>(
        magnitude(static_cast<std::uint64_t>(low.count()), static_cast<std::uint64_t>(high.count())))};
  }

 private:
  std::uint64_t state_;
};

/// What an oracle has found; the run ends at the first.
using Complaint = std::string;

}  // namespace limpid::simulation
