// MappedMirror: a mirror that is told of other server ports than the flows', so that its readers find HTTP
// where they look for it. Behind what chooses sessions by their ports. Thread: the worker's.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "dataplane/base/port_map.h"
#include "dataplane/tool/plaintext_tap.h"

namespace limpid::tool {

class MappedMirror final : public Mirror {
 public:
  /// What becomes of ports that the map does not know: they stay, or, where the flow's own belongs to
  /// somebody else's story, are shifted by 10,000.
  enum class Others : std::uint8_t { kStay, kShifted };

  /// `mirror` outlives this.
  MappedMirror(Mirror& mirror, PortMap ports, Others others = Others::kStay)
      : mirror_(mirror), ports_(std::move(ports)), others_(others) {}

  std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime when) override {
    FlowFacts told = facts;
    told.server.port = ports_.of(facts.server.port);
    if (told.server.port == facts.server.port && others_ == Others::kShifted)
      told.server.port = shifted(facts.server.port);
    return mirror_.open(told, when);
  }

 private:
  static std::uint16_t shifted(std::uint16_t port) {
    constexpr int kShift = 10'000;
    constexpr int kPortMost = 65'535;
    return static_cast<std::uint16_t>(port + kShift <= kPortMost ? port + kShift : port - kShift);
  }

  Mirror& mirror_;
  PortMap ports_;
  Others others_;
};

}  // namespace limpid::tool
