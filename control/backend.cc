#include "control/backend.h"

#include "dataplane/base/ascii.h"

namespace limpid::control {

bool SessionQuery::matches(const SessionRow& row) const {
  const bool intercepted = !row.finished && (row.disposition == "terminate" || row.disposition == "watch");
  if (failed ? !row.failed : !all && !intercepted) return false;
  if (!host.empty() && small_letters(row.host).find(small_letters(host)) == std::string::npos) return false;
  return state.empty() || small_letters(row.state).starts_with(small_letters(state));
}

bool LearntQuery::matches(const LearntRow& row) const {
  const bool server =
      host.empty() || small_letters(row.server).find(small_letters(host)) != std::string::npos;
  return server && (state.empty() || row.state == small_letters(state));
}

}  // namespace limpid::control
