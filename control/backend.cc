#include "control/backend.h"

#include <algorithm>

#include "dataplane/base/ascii.h"

namespace limpid::control {

namespace {

/// Whatever their letters' case.
bool is_part(std::string_view part, std::string_view of) {
  return small_letters(of).find(small_letters(part)) != std::string::npos;
}

bool is_of_host(const SessionRow& row, const std::string& host) {
  return is_part(host, row.host) || is_part(host, row.certificate_subject) ||
         std::any_of(row.certificate_names.begin(), row.certificate_names.end(),
                     [&](const std::string& name) { return is_part(host, name); });
}

}  // namespace

bool SessionQuery::matches(const SessionRow& row) const {
  const bool intercepted = !row.finished && (row.disposition == "terminate" || row.disposition == "watch");
  if (failed ? !row.failed : !all && !intercepted) return false;
  if (!host.empty() && !is_of_host(row, host)) return false;
  return state.empty() || small_letters(row.state).starts_with(small_letters(state));
}

bool LearntQuery::matches(const LearntRow& row) const {
  const bool server = host.empty() || is_part(host, row.server);
  return server && (state.empty() || row.state == small_letters(state));
}

}  // namespace limpid::control
