#include "policy/rule.h"

#include <algorithm>

namespace limpid::policy {

std::string_view name(Action action) {
  switch (action) {
    case Action::kDecrypt:
      return "decrypt";
    case Action::kPass:
      return "pass";
    case Action::kBlock:
      return "block";
  }
  return "";
}

std::string_view name(Direction direction) {
  switch (direction) {
    case Direction::kAny:
      return "any";
    case Direction::kInbound:
      return "inbound";
    case Direction::kOutbound:
      return "outbound";
  }
  return "";
}

bool Policy::detours_flows() const {
  if (!not_decrypted.tls.empty() || !not_decrypted.other_tcp.empty()) return true;
  return std::any_of(rules.begin(), rules.end(),
                     [](const Rule& rule) { return rule.then == Action::kPass && !rule.tools.empty(); });
}

}  // namespace limpid::policy
