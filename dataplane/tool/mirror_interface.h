// InterfaceMirror: sends the plaintext of sessions as packets to a port, for an IDS or a recorder that hangs
// there. One for each worker, used on its thread only: a port that takes no more loses the copy (counted)
// and never the traffic.
#pragma once

#include <memory>
#include <utility>

#include "dataplane/tool/masking.h"
#include "dataplane/tool/mirror_counters.h"
#include "dataplane/tool/packet_output.h"
#include "dataplane/tool/plaintext_tap.h"

namespace limpid::tool {

class InterfaceMirror final : public Mirror {
 public:
  /// `output` outlives the mirror, and the mirror its taps. Without `masking` nothing is masked.
  explicit InterfaceMirror(PacketOutput& output, std::unique_ptr<Masking> masking = nullptr)
      : output_(output), masking_(std::move(masking)) {}

  std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime when) override;
  const MirrorCounters& counters() const { return counters_; }

 private:
  class Tap;
  PacketOutput& output_;
  std::unique_ptr<Masking> masking_;
  MirrorCounters counters_;
};

}  // namespace limpid::tool
