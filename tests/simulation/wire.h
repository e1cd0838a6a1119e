// What travels in the simulator: owned segments, the pattern that every stream carries, and the seeded dice.
#pragma once

#include <algorithm>
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
  bool ect = false;        // may be marked
  bool ce = false;         // was
  std::uint16_t flow = 0;  // whose it is, where several share a link

  bool has(tcp::Flag flag) const { return (flags & flag) != 0; }
};

// What a link asks of what it carries.
std::size_t wire_size(const Frame& frame);
std::size_t ip_size(const Frame& frame);
inline bool may_be_marked(const Frame& frame) { return frame.ect; }
inline void mark(Frame& frame) { frame.ce = true; }
/// Values have no checksum by which their receiver could see that they are damaged: they are lost at once.
inline bool survives_damage(Frame& /*frame*/, std::uint64_t /*bit*/) { return false; }

/// The bytes of one direction: they follow from the stream's name and their offset, so that both ends and the
/// lint compute them for themselves.
struct Stream {
  std::uint64_t name = 0;
  std::uint64_t hello = 0;  // it begins with a line of so many bytes
  std::byte mask{};         // a tool on the way turns these bits of each byte over
};

/// The pattern of `stream` from `offset` on, as many bytes as there is room for.
inline void fill_pattern(const Stream& stream, std::uint64_t offset, MutableBytes into) {
  for (std::size_t i = 0; i < into.size();) {
    std::uint64_t x = (stream.name + (offset + i) / 8) * 0x9E3779B97F4A7C15ULL;
    x ^= x >> 29U;
    x *= 0xBF58476D1CE4E5B9ULL;
    for (std::uint64_t lane = (offset + i) % 8; lane < 8 && i < into.size(); ++lane, ++i) {
      into[i] = static_cast<std::byte>(x >> (8 * lane));
    }
  }
  for (std::size_t i = 0; i < into.size() && offset + i < stream.hello; ++i) {
    into[i] = static_cast<std::byte>(offset + i + 1 == stream.hello ? '\n' : 'h');
  }
  if (stream.mask == std::byte{}) return;
  for (std::byte& byte : into) byte ^= stream.mask;
}

/// Where `bytes` first differ from the pattern from `offset` on; bytes.size() if nowhere.
inline std::size_t first_difference(const Stream& stream, std::uint64_t offset, Bytes bytes) {
  std::vector<std::byte> expected(bytes.size());
  fill_pattern(stream, offset, expected);
  std::size_t i = 0;
  if (std::equal(bytes.begin(), bytes.end(), expected.begin())) return bytes.size();
  while (bytes[i] == expected[i]) ++i;
  return i;
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
