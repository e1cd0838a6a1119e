// Why limpid gave something up, and whose fault it was. The list is reasons.def; nothing else names reasons.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace limpid {

enum class Culprit : std::uint8_t { client, server, tool, network, limpid, policy };

// The names are the ids that operators see, so they are written as in the list, not as kCamelCase.
// NOLINTBEGIN(readability-identifier-naming)
enum class Reason : std::uint8_t {
  none,
#define LIMPID_REASON(id, culprit, sentence) id,
#include "dataplane/base/reasons.def"
#undef LIMPID_REASON
};
// NOLINTEND(readability-identifier-naming)

inline constexpr std::size_t kReasons = 1
#define LIMPID_REASON(id, culprit, sentence) +1
#include "dataplane/base/reasons.def"
#undef LIMPID_REASON
    ;

/// "server_reset"; "none" for Reason::none.
std::string_view name(Reason reason);
std::string_view name(Culprit culprit);
std::optional<Culprit> culprit(Reason reason);
/// The operator's sentence; empty for Reason::none.
std::string_view sentence(Reason reason);

/// One counter a reason. Owned and written by one worker; read by others through a snapshot.
class ReasonCounters {
 public:
  void count(Reason reason, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(reason)] += times; }
  std::uint64_t operator[](Reason reason) const { return counts_[static_cast<std::size_t>(reason)]; }
  void add(const ReasonCounters& other) {
    for (std::size_t i = 0; i < kReasons; ++i) counts_[i] += other.counts_[i];
  }

 private:
  std::array<std::uint64_t, kReasons> counts_{};
};

}  // namespace limpid
