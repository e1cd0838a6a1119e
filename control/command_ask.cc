#include "control/command_ask.h"

#include <optional>
#include <ostream>
#include <utility>

#include "control/control_client.h"
#include "control/inventory.h"
#include "control/learnt_report.h"
#include "control/protocol.h"
#include "control/reports.h"

namespace limpid::control {

namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;

int fail(std::ostream& err, std::string_view sentence) {
  err << "limpid: " << sentence << '\n';
  return kFailed;
}

int fail(std::ostream& err, const AskError& error) {
  fail(err, error.sentence);
  if (error.not_running) {
    err << "    start it with `limpid run -c FILE`, or say where it listens with -c FILE or --socket PATH\n";
  }
  return kFailed;
}

int print(std::ostream& out, const std::string& text) {
  out << text << std::flush;
  return out ? kGood : kFailed;
}

int print_certificates(const AskArguments& arguments, const std::vector<CertificateRow>& rows, WallTime now,
                       std::ostream& out) {
  return print(out, arguments.json ? certificates_json(rows) : certificates_text(rows, now));
}

int print_database(const AskArguments& arguments, const std::string& database, const CertificateQuery& query,
                   WallTime now, std::ostream& out, std::ostream& err) {
  const auto rows = read_certificates(database, query, now);
  return rows ? print_certificates(arguments, *rows, now, out) : fail(err, rows.error());
}

/// Nothing where limpid does not answer, and then it is said why.
std::optional<Stats> stats_of(const AskArguments& arguments, std::ostream& err) {
  const auto line = ask(arguments.socket, stats_request(), arguments.silence_max);
  if (!line) return static_cast<void>(fail(err, line.error())), std::nullopt;
  auto stats = read_stats(*line);
  if (!stats) return static_cast<void>(fail(err, stats.error())), std::nullopt;
  return std::move(stats).value();
}

}  // namespace

int ask_sessions(const AskArguments& arguments, const SessionQuery& query, std::ostream& out,
                 std::ostream& err) {
  const auto line = ask(arguments.socket, request(query), arguments.silence_max);
  if (!line) return fail(err, line.error());
  const auto rows = read_sessions(*line);
  if (!rows) return fail(err, rows.error());
  if (arguments.json) return print(out, sessions_json(*rows));
  return print(out, query.failed ? failures_text(*rows) : sessions_text(*rows));
}

int ask_certificates(const AskArguments& arguments, const CertificateQuery& query, WallTime now,
                     std::ostream& out, std::ostream& err) {
  if (!arguments.database.empty()) return print_database(arguments, arguments.database, query, now, out, err);
  const auto line = ask(arguments.socket, request(query), arguments.silence_max);
  if (!line && line.error().not_running && !arguments.database_if_stopped.empty()) {
    return print_database(arguments, arguments.database_if_stopped, query, now, out, err);
  }
  if (!line) {
    fail(err, line.error());
    if (line.error().not_running) err << "    the inventory can be read without it: --database PATH\n";
    return kFailed;
  }
  const auto rows = read_certificates_answer(*line);
  return rows ? print_certificates(arguments, *rows, now, out) : fail(err, rows.error());
}

int ask_stats(const AskArguments& arguments, std::ostream& out, std::ostream& err) {
  const auto stats = stats_of(arguments, err);
  if (!stats) return kFailed;
  return print(out, arguments.json ? stats_json(*stats) : stats_text(*stats));
}

int ask_service(const AskArguments& arguments, const std::string& tool, bool in_service, std::ostream& out,
                std::ostream& err) {
  const auto line = ask(arguments.socket, service_request(tool, in_service), arguments.silence_max);
  if (!line) return fail(err, line.error());
  const auto changed = read_service(*line);
  if (!changed) return fail(err, changed.error());
  return print(out, arguments.json ? service_json(*changed) : service_text(*changed));
}

int ask_learnt(const AskArguments& arguments, const LearntQuery& query, bool as_rules, std::ostream& out,
               std::ostream& err) {
  const auto line = ask(arguments.socket, request(query), arguments.silence_max);
  if (!line) return fail(err, line.error());
  const auto rows = read_learnt(*line);
  if (!rows) return fail(err, rows.error());
  if (as_rules) return print(out, learnt_rules(*rows));
  return print(out, arguments.json ? learnt_json(*rows) : learnt_text(*rows));
}

int judge_learnt(const AskArguments& arguments, const std::string& id, LearntVerdict verdict,
                 std::ostream& out, std::ostream& err) {
  const auto line = ask(arguments.socket, learnt_request(id, verdict), arguments.silence_max);
  if (!line) return fail(err, line.error());
  const auto row = read_judged_learnt(*line);
  if (!row) return fail(err, row.error());
  return print(out, arguments.json ? learnt_json(*row) : judged_text(*row));
}

int ask_tools(const AskArguments& arguments, std::ostream& out, std::ostream& err) {
  const auto stats = stats_of(arguments, err);
  if (!stats) return kFailed;
  return print(out, arguments.json ? tools_json(*stats) : tools_text(*stats));
}

}  // namespace limpid::control
