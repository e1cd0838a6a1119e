// Renumber: from the script's numbers to those of the wire and back.
#pragma once

#include <cstdint>

#include "tests/simulation/wire.h"

namespace limpid::scenario {

/// Adds to every number of a segment: to those of its sender's stream, of the other's, and of both clocks.
struct Renumber {
  std::uint32_t seq;
  std::uint32_t ack;
  std::uint32_t value;
  std::uint32_t echo;

  simulation::Frame operator()(simulation::Frame frame) const {
    frame.seq += seq;
    if (frame.has(tcp::kAck)) frame.ack += ack;
    for (wire::SackBlock& block : frame.options.sack) {
      block.left += ack;
      block.right += ack;
    }
    if (frame.options.timestamps) {
      frame.options.timestamps->value += value;
      frame.options.timestamps->echo += echo;
    }
    return frame;
  }
};

}  // namespace limpid::scenario
