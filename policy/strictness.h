// Which of two decisions is the stricter one, where either may be meant. Pure.
#pragma once

#include <cstdint>

#include "policy/rule.h"

namespace limpid::policy {

/// To block is stricter than to decrypt, and that than to pass. Of two alike, the one of the earlier rule.
inline bool is_stricter(Action action, std::int32_t rule, Action than, std::int32_t than_rule) {
  const auto rank = [](Action each) { return each == Action::kBlock ? 2 : each == Action::kDecrypt ? 1 : 0; };
  if (rank(action) != rank(than)) return rank(action) > rank(than);
  return static_cast<std::uint32_t>(rule) < static_cast<std::uint32_t>(than_rule);
}

}  // namespace limpid::policy
