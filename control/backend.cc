#include "control/backend.h"

#include <algorithm>

namespace limpid::control {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

}  // namespace

bool SessionQuery::matches(const SessionRow& row) const {
  const bool intercepted = !row.finished && (row.disposition == "terminate" || row.disposition == "watch");
  if (!all && !intercepted) return false;
  if (!host.empty() && lower(row.host).find(lower(host)) == std::string::npos) return false;
  return state.empty() || lower(row.state).starts_with(lower(state));
}

}  // namespace limpid::control
