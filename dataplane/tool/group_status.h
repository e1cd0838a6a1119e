// GroupStatus: which of a group of equal inline tools a flow goes through, and what becomes of flows where
// too few of them work. Read from the tools' boards at the moment of the question, without state of its own:
// all workers and the control thread come to the same answer. A tool that is in no group is a group of one.
// Each member has a place. A flow's place is chosen by rendezvous hashing among those that are served: where
// a member fails, its flows move and no others. A spare serves the place of a member that does not work. Any
// thread; the boards outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/tool/health_board.h"

namespace limpid::tool {

/// What becomes of new sessions where a group has failed.
enum class OnFailure : std::uint8_t {
  kReset,          // they are refused
  kBypass,         // they go past it
  kBypassNetwork,  // nothing is intercepted, everything is forwarded
  kDropNetwork,    // nothing is forwarded
  kPortsDown,      // the segments' interfaces are down
};

class GroupStatus {
 public:
  static constexpr std::size_t kToolsMax = 64;
  /// Numbers of tools: members first, then spares.
  using Tried = std::uint64_t;

  /// At most kToolsMax boards in all.
  GroupStatus(std::vector<const HealthBoard*> members, std::vector<const HealthBoard*> spares,
              std::size_t least_healthy, OnFailure on_failure);

  enum class Way : std::uint8_t {
    kThrough,  // a member
    kPast,     // the operator has taken all members out of service
    kFailed,   // too few work
  };
  Way way() const;
  bool failed() const { return way() == Way::kFailed; }
  OnFailure on_failure() const { return on_failure_; }

  /// The tool that serves the flow's place, or the next where it was tried already; nullopt: none is left.
  std::optional<std::size_t> choose(std::uint64_t flow_hash, Tried tried = 0) const;
  /// How many places are served.
  std::size_t served() const;
  /// How many have to be: members that the operator has taken out of service are not waited for.
  std::size_t required() const;
  std::size_t tools() const { return members_.size() + spares_.size(); }

 private:
  static constexpr std::size_t kNobody = kToolsMax;

  template <typename Visit>
  void visit_places(const Visit& visit) const;

  std::vector<const HealthBoard*> members_;
  std::vector<const HealthBoard*> spares_;
  std::size_t least_healthy_;
  OnFailure on_failure_;
};

}  // namespace limpid::tool
