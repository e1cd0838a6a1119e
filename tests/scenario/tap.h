// Tap: the wire between a script and the kernel's TCP: a TAP interface in a network namespace of the
// process's own, which dies with it. The peer's address answers nothing by itself; the kernel knows its MAC.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "tests/support/frames.h"

namespace limpid::scenario {

class Tap {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  struct Arrival {
    frames::Frame frame;
    Instant at{};
  };
  static constexpr const char* kKernel = "10.77.0.1";
  static constexpr const char* kPeer = "10.77.0.2";

  /// Moves the process into a fresh namespace and makes the interface. why() tells what did not work.
  Tap();
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  bool usable() const { return why_.empty(); }
  const std::string& why() const { return why_; }

  void send(const frames::Frame& frame) const;
  /// The next TCP frame of the kernel that comes by `until`.
  std::optional<Arrival> receive(Instant until);
  /// Everything that the kernel had to say to what was sent so far is there to be received: it answers in
  /// order, and a ping has been answered since.
  void settle();

 private:
  bool make();
  /// Reads one frame. False: none came by `until`.
  bool read_one(Instant until);

  int descriptor_ = -1;
  std::uint16_t pings_ = 0;
  std::uint16_t pongs_ = 0;
  std::deque<Arrival> arrivals_;
  std::string why_;
};

}  // namespace limpid::scenario
