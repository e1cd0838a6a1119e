// SessionCopy: one session's plaintext on its way from a tap to the packets that tell it, through what masks
// it. Used by one thread at a time: a mirror's or a worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/tool/masking.h"
#include "dataplane/tool/mirror_story.h"
#include "dataplane/tool/plaintext_tap.h"
#include "dataplane/tool/stream_mask.h"

namespace limpid::tool {

class SessionCopy {
 public:
  struct Surroundings {
    FrameSink& sink;
    Masking* masking = nullptr;  // null: nothing is masked
    std::size_t packet_max = kPacketMax;
  };

  /// Begins the story. What it is given outlives it.
  SessionCopy(const FlowFacts& facts, WallTime when, const Surroundings& surroundings);

  void on_bytes(Direction direction, Bytes bytes, WallTime when);
  /// Bytes that were lost on the way here.
  void skip(Direction direction, std::uint64_t bytes, WallTime when);
  void on_end(Direction direction, WallTime when);
  void on_reset(Direction direction, WallTime when);
  /// The session is over.
  void on_over(WallTime when);

 private:
  std::optional<StreamMask>& mask(Direction direction) { return masks_[static_cast<std::size_t>(direction)]; }
  void finish(Direction direction, WallTime when);
  void tell_masked(Direction direction, const std::vector<std::byte>& bytes, WallTime when);

  Surroundings surroundings_;
  TcpStory story_;
  std::array<std::optional<StreamMask>, 2> masks_;  // by Direction
};

}  // namespace limpid::tool
