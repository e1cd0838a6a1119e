// Subject: the TCP that a script is played to, on its wire and as its application. Numbers are those of the
// script (the first byte of either stream is 1), times count from when the connection was ready.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/scenario/script.h"
#include "tests/simulation/wire.h"

namespace limpid::scenario {

using simulation::Frame;

/// The names by which simulation::fill_pattern() knows the two streams.
inline constexpr simulation::Stream kOurStream{.name = 1};
inline constexpr simulation::Stream kPeersStream{.name = 2};

/// A segment that the subject has sent, and when.
struct Sent {
  Frame frame;
  Duration at{};
};

class Subject {
 public:
  virtual ~Subject() = default;

  // --- the wire ---
  virtual void inject(const Frame& frame) = 0;
  /// The next segment sent, if it comes by `until`.
  virtual std::optional<Sent> next(Duration until) = 0;
  /// Nothing that has happened so far has still to be answered: next(now()) tells all.
  virtual void settle() = 0;
  virtual void pass(Duration until) = 0;
  virtual Duration now() const = 0;
  /// How much earlier and later than a script says something may come.
  virtual Duration early() const = 0;
  virtual Duration late() const = 0;
  /// ICMP quotes the segment at `seq`.
  virtual void too_big(std::uint32_t seq, std::uint16_t mtu) = 0;

  // --- the application ---
  virtual std::size_t write(Bytes bytes) = 0;
  virtual std::vector<std::byte> read(std::size_t size) = 0;
  virtual void close() = 0;
  virtual void abort() = 0;
  virtual void keepalive() = 0;
  virtual std::size_t readable() = 0;
  virtual std::size_t unacknowledged() = 0;
  virtual bool finished() = 0;
  /// "none", "reset" or "timeout".
  virtual std::string failure() = 0;
  /// Whether the connection is in that state, as far as can be told.
  virtual bool in_state(const std::string& name) = 0;
  virtual std::string state() = 0;
  /// Nothing: this subject does not count that.
  virtual std::optional<std::int64_t> count(const std::string& name) = 0;
};

}  // namespace limpid::scenario
