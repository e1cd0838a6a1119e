// `limpid sessions`, `certificates`, `stats`, `tools` and `learnt`: ask the running appliance over its
// control socket and print the answer. Return the exit code.
#pragma once

#include <iosfwd>
#include <string>

#include "control/backend.h"
#include "dataplane/base/clock.h"

namespace limpid::control {

/// Where to ask and how to print.
struct AskArguments {
  std::string socket = "limpid.sock";
  std::string database{};             // certificates: read here; the socket is not asked
  std::string database_if_stopped{};  // certificates: read here where limpid is not running
  bool json = false;
  Duration silence_max = std::chrono::seconds(10);
};

int ask_sessions(const AskArguments& arguments, const SessionQuery& query, std::ostream& out,
                 std::ostream& err);
int ask_certificates(const AskArguments& arguments, const CertificateQuery& query, WallTime now,
                     std::ostream& out, std::ostream& err);
int ask_stats(const AskArguments& arguments, std::ostream& out, std::ostream& err);
/// Takes an inline tool out of service, or back.
int ask_service(const AskArguments& arguments, const std::string& tool, bool in_service, std::ostream& out,
                std::ostream& err);
/// `as_rules`: as what can stand in a configuration.
int ask_learnt(const AskArguments& arguments, const LearntQuery& query, bool as_rules, std::ostream& out,
               std::ostream& err);
int judge_learnt(const AskArguments& arguments, const std::string& id, LearntVerdict verdict,
                 std::ostream& out, std::ostream& err);
int ask_tools(const AskArguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace limpid::control
