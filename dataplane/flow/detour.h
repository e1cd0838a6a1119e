// Detour: the way of what is not decrypted through inline tools instead of straight across, packet by packet
// and unchanged. The flow engine knows no tools: here is what it hands its packets to, and what it hears.
// Values and interfaces only; everything runs on the thread of the worker that owns the flow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/flow/side.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

/// What a detour may ask of the flow that it belongs to.
class DetourHost {
 public:
  virtual ~DetourHost() = default;
  /// A packet has come out of the last tool; `view` is of its bytes.
  virtual void deliver(wire::Packet packet, const wire::PacketView& view, bool from_client) = 0;
  /// state() or deadline() may have changed: run() is called after this burst.
  virtual void on_detour_news() = 0;
};

/// Frames with text, in the order in which they were let past. Counts its bytes in a total for as long as it
/// lives.
class SpokenFrames {
 public:
  struct Spoken {
    std::vector<std::byte> frame;
    bool from_client = false;
  };

  SpokenFrames() = default;
  /// `total` outlives it.
  explicit SpokenFrames(std::size_t& total) : total_(&total) {}
  ~SpokenFrames() { clear(); }
  SpokenFrames(SpokenFrames&& other) noexcept
      : total_(other.total_), bytes_(std::exchange(other.bytes_, 0)), frames_(std::move(other.frames_)) {}
  SpokenFrames& operator=(SpokenFrames&& other) noexcept {
    std::swap(total_, other.total_), std::swap(bytes_, other.bytes_), std::swap(frames_, other.frames_);
    return *this;
  }
  SpokenFrames(const SpokenFrames&) = delete;
  SpokenFrames& operator=(const SpokenFrames&) = delete;

  void add(Bytes frame, bool from_client) {
    frames_.push_back({{frame.begin(), frame.end()}, from_client});
    bytes_ += frame.size();
    if (total_ != nullptr) *total_ += frame.size();
  }
  void clear() {
    frames_.clear();
    if (total_ != nullptr) *total_ -= bytes_;
    bytes_ = 0;
  }
  const std::vector<Spoken>& all() const { return frames_; }

 private:
  std::size_t* total_ = nullptr;  // null: not counted
  std::size_t bytes_ = 0;
  std::vector<Spoken> frames_;
};

/// What of a flow has gone past the tools before it was known that it goes through them, as it left: its
/// handshake, and what both ends said in the clear while an upgrade was awaited. An empty frame has not
/// passed.
struct PassedFrames {
  using Frame = std::vector<std::byte>;
  Frame syn{};
  Frame syn_ack{};
  Frame ack{};
  SpokenFrames spoken{};
  bool whole = true;  // false: there was no room for all that was spoken
};

/// One flow's. Found in its FlowMemo, which owns it.
class Detour {
 public:
  enum class State : std::uint8_t {
    kReplaying,  // what has passed is shown to the tools: packets are to wait
    kThrough,    // carry()
    kPast,       // no tool is left that the flow has to go through
    kReset,      // the flow must not go on: reason()
  };

  virtual ~Detour() = default;
  /// Once, before all else. `from_client_side`: the flow's client is at the client side of its segment.
  virtual void begin(DetourHost& host, bool from_client_side, Instant now) = 0;
  /// These frames have gone past the tools: they are shown them now. After begin(), where that has left the
  /// state kThrough.
  virtual void replay(PassedFrames frames, Instant now) = 0;

  virtual State state() const = 0;
  virtual Reason reason() const = 0;
  /// Only in state kThrough.
  virtual void carry(wire::Packet packet, const wire::PacketView& view, bool from_client) = 0;
  /// When run() wants to be called though there is no news; kNever if not.
  virtual Instant deadline() const = 0;
  virtual void run(Instant now) = 0;
};

/// The way of all frames that belong to no TCP flow: they have no record, and no state.
class FrameDetour {
 public:
  enum class Taken : std::uint8_t {
    kYes,      // the packet is gone
    kPast,     // it goes straight across
    kRefused,  // it goes nowhere: a tool that it needs is down
  };

  virtual ~FrameDetour() = default;
  virtual Taken take(wire::Packet& packet, Arrival from) = 0;
};

}  // namespace limpid::flow
