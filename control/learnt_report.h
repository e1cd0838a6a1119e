// What was learnt of clients, for people: a table, rules for a configuration, and the answer to an operator's
// word. Pure.
#pragma once

#include <string>
#include <vector>

#include "control/reports.h"

namespace limpid::control {

std::string learnt_text(const std::vector<LearntRow>& rows);
/// YAML for policy.rules: a rule that passes for each server, in place of all that was learnt of it. Suspects
/// are left out.
std::string learnt_rules(const std::vector<LearntRow>& rows);
std::string judged_text(const LearntRow& row);
/// "unknown_ca" as a sentence goes on: "alert unknown_ca", "it closed the connection".
std::string evidence_text(const std::string& evidence);

}  // namespace limpid::control
