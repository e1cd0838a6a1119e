// Learning: whether clients that do not accept limpid's certificates for a server may teach it to pass their
// kind of client there (tls_proxy/learnt_table.h). Values.
#pragma once

#include <cstdint>
#include <string_view>

namespace limpid::policy {

/// kOff: such sessions fail, and nothing is learnt of it. kPropose: they fail, and the operator may have
/// them passed. kAuto: they are passed, for a while.
enum class Learning : std::uint8_t { kOff, kPropose, kAuto };

/// "off", "propose", "auto".
constexpr std::string_view name(Learning mode) {
  switch (mode) {
    case Learning::kOff:
      return "off";
    case Learning::kPropose:
      return "propose";
    case Learning::kAuto:
      return "auto";
  }
  return {};
}

}  // namespace limpid::policy
