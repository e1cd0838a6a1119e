// Tools: what stands between limpid's two ends at the tool side. A bridge passes frames, late or not at all
// for a while; a relay is two connections and may turn bits over, end the stream, or reset. Both may die.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "tests/simulation/ethernet.h"
#include "tests/simulation/link.h"
#include "tests/simulation/reference_peer.h"

namespace limpid::simulation {

/// Where a frame of the tool comes from or goes to: Ta, in the client's name, or Tb, in the server's.
enum class ToolPort : std::uint8_t { kTa, kTb };

struct ToolModel {
  enum class Kind : std::uint8_t { kBridge, kRelay } kind = Kind::kBridge;
  std::array<LinkModel, 4> links{};  // from Ta, to Ta, from Tb, to Tb
  Duration delay{};                  // of a bridge
  Duration holds_from{};             // a bridge lets nothing out, for so long
  Duration holds_for{};
  std::byte mask{};  // a relay turns these bits over
  std::optional<Duration> ends_after{};
  std::optional<Duration> resets_after{};
  std::optional<Duration> dies_after{};  // falls silent for ever

  std::string describe() const;
};

using EmitRaw = std::function<void(ToolPort, RawFrame)>;

class Tool {
 public:
  enum class Doing : std::uint8_t { kPass, kReset, kDead };

  virtual ~Tool() = default;
  virtual void receive(ToolPort from, RawFrame frame, Instant now) = 0;
  virtual void run(Instant now, const EmitRaw& emit) = 0;
  virtual Instant deadline() const = 0;
  Doing doing() const { return doing_; }
  /// It has ended both streams, though their writers may not have.
  bool cut() const { return cut_; }
  /// How much it has let through of the client's and of the server's bytes; a bridge does not know.
  std::uint64_t passed(ToolPort from) const { return passed_[static_cast<std::size_t>(from)]; }

 protected:
  Doing doing_ = Doing::kPass;
  bool cut_ = false;
  std::array<std::uint64_t, 2> passed_{};
};

/// `route`: from the client to the server.
std::unique_ptr<Tool> make_tool(const ToolModel& model, const Route& route, Instant now);

}  // namespace limpid::simulation
