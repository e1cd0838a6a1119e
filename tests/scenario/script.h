// A script of a wire test as values: how the connection stands, and what happens and is expected, step by
// step. Numbers are relative: the first byte of either stream is 1. The notation is in README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dataplane/base/clock.h"

namespace limpid::scenario {

/// A sequence number: absolute in the script's numbering, or relative to what its sender sends next.
struct Position {
  bool next = false;
  std::int64_t offset = 0;
};
struct PositionRange {
  Position left;
  Position right;
};

/// How long after the step before a segment leaves: both zero: at once.
struct Within {
  Duration from{};
  Duration to{};
};

struct NumberRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

/// A segment as it is written: what is not there is ordinary (injected) or is not compared (expected).
struct SegmentText {
  std::uint8_t flags = 0;
  bool push = false;    // PSH is written: compared
  bool urgent = false;  // URG is written: compared
  std::optional<Position> seq;
  std::optional<Position> end;
  std::optional<Position> ack;
  std::optional<NumberRange> window;  // the field, not scaled
  std::optional<std::vector<PositionRange>> sack;
  std::optional<std::int64_t> timestamp;
  std::optional<std::int64_t> echo;
  bool without_timestamps = false;
  std::optional<bool> ect;
  bool ce = false;
  std::optional<char> fill;  // the payload is this character all over
};

// --- steps ---
struct Inject {
  SegmentText segment;
};
struct Expect {
  SegmentText segment;
  Within within;
};
/// Full segments, one behind the other, that carry exactly this.
struct ExpectText {
  PositionRange text;
  Within within;
};
struct ExpectSilence {
  Duration time{};
};
struct Wait {
  Duration time{};
};
/// What was sent so far is not looked at.
struct Ignore {};
struct Write {
  std::size_t size = 0;
};
struct Read {
  std::optional<std::size_t> size;  // empty: everything
  std::optional<char> fill;
};
struct Close {};
struct Abort {};
struct Keepalive {};
/// ICMP says that the segment at `seq` was too big.
struct TooBig {
  Position seq;
  std::uint16_t mtu = 0;
};
struct ExpectState {
  std::string name;
};
struct ExpectReadable {
  std::size_t size = 0;
};
struct ExpectUnacknowledged {
  std::size_t size = 0;
};
/// The peer's FIN is reached, or is not.
struct ExpectFinished {
  bool finished = true;
};
struct ExpectFailure {
  std::string name;  // "none", "reset", "timeout"
};
/// What the endpoint has counted since its adoption.
struct ExpectCount {
  std::string name;
  NumberRange value;
};

using Action = std::variant<Inject, Expect, ExpectText, ExpectSilence, Wait, Ignore, Write, Read, Close,
                            Abort, Keepalive, TooBig, ExpectState, ExpectReadable, ExpectUnacknowledged,
                            ExpectFinished, ExpectFailure, ExpectCount>;

struct Step {
  Action action;
  int line = 0;
  std::string file{};
  std::string text{};
};

/// How the connection stands when the first step begins: established, at rest.
struct Setup {
  bool opened_by_us = false;
  bool sack = false;
  bool timestamps = false;
  bool ecn = false;
  bool reno = false;
  std::uint16_t mss = 1000;         // payload and options of our segments
  std::uint32_t window = 60000;     // the peer's, bytes
  std::uint8_t shift = 0;           // of the peer's windows
  std::uint8_t our_shift = 0;       // of ours
  std::uint32_t buffer = 60000;     // for what we receive; all of it is announced
  std::uint32_t buffer_max = 0;     // autotuned up to here; 0: not at all
  std::uint32_t isn = 1000;         // our stream's number 1 on the wire is one more
  std::uint32_t peer_isn = 5000;    // the same of the peer's
  std::uint32_t timestamp = 70000;  // the peer's TSval when the script begins
  std::uint32_t quick_acks = 0;
  std::uint32_t initial_window = 10;
  std::uint32_t ranges_max = 64;
  std::optional<Duration> round_trip = std::chrono::milliseconds{10};  // empty: not measured
  Duration time_wait = std::chrono::seconds{60};
};

struct Script {
  std::string topic{};  // its file, without the extension
  std::string claim{};  // its name
  std::string rfc{};    // "9293 3.10.7.4"
  std::string state{};  // that it was brought to by the script's own "in" line; empty: none was asked for
  std::string file{};
  int line = 0;
  bool on_linux = false;  // the kernel does the same
  Setup setup{};
  std::vector<Step> steps{};

  /// "AResetEndsTheConnectionInCloseWait": for GoogleTest.
  std::string test_name() const;
};

}  // namespace limpid::scenario
