#include "control/learnt_report.h"

#include <algorithm>
#include <chrono>

#include "control/printable.h"
#include "control/table.h"
#include "control/units.h"

namespace limpid::control {

namespace {

std::string time_cell(WallTime time) {
  if (time == WallTime{}) return "-";
  return time_text(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

std::string times(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

/// As YAML, and as a part of a comment: one line, nothing that ends either.
std::string in_quotes(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string list_of(const std::string& key, const std::string& element) {
  return key + ": [" + element + "], ";
}

/// The conditions that mean what the entry is about, but for the kind of client.
std::string conditions(const LearntRow& row) {
  std::string text;
  if (!row.host.empty()) text += list_of("sni", in_quotes(row.host));
  if (!row.address.empty()) text += list_of("server", in_quotes(row.address));
  text += list_of("server_port", std::to_string(row.port));
  if (const std::size_t colon = row.connect.rfind(':'); colon != std::string::npos) {
    std::string host = row.connect.substr(0, colon);
    std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
    text += list_of("connect_host", in_quotes(host)) + list_of("connect_port", row.connect.substr(colon + 1));
  }
  text += list_of("segment", in_quotes(row.segment));
  return text + "vlan: [" + (row.vlan == 0 ? "untagged" : std::to_string(row.vlan)) + "]";
}

std::string comment(const LearntRow& row) {
  return "  # " + row.state + ", " + row.ja4 + ": " + times(row.failures, "failure") + " of " +
         times(row.clients, "client") + ", the last: " + evidence_text(row.evidence) + "; before rule " +
         in_quotes(row.rule) + "\n";
}

}  // namespace

std::string evidence_text(const std::string& evidence) {
  if (evidence == "closed") return "it closed the connection at the certificate";
  if (evidence == "reset") return "it reset the connection at the certificate";
  if (evidence == "silent") return "it took the certificate and left without a word";
  return "alert " + evidence;
}

std::string learnt_text(const std::vector<LearntRow>& rows) {
  if (rows.empty()) return "nothing was learnt\n";
  Table table({{"ID"},
               {"STATE"},
               {"SERVER", 60},
               {"CLIENT (JA4)"},
               {"RULE", 24},
               {"MODE"},
               {"FAILURES", 10, true},
               {"CLIENTS", 8, true},
               {"LAST EVIDENCE", 48},
               {"SINCE"},
               {"UNTIL"},
               {"PASSED", 10, true},
               {"UNSEEN", 10, true}});
  for (const LearntRow& row : rows) {
    table.add({row.id, row.state, row.server, row.ja4, row.rule, row.mode, std::to_string(row.failures),
               std::to_string(row.clients), evidence_text(row.evidence), time_cell(row.first_failure),
               time_cell(row.until), std::to_string(row.sessions), bytes_text(row.bytes)});
  }
  return table.text();
}

std::string learnt_rules(const std::vector<LearntRow>& rows) {
  struct Made {
    std::string when;
    std::string id;
    std::string comments;
  };
  std::vector<Made> rules;
  for (const LearntRow& row : rows) {
    if (row.state == "suspect") continue;
    const std::string when = conditions(row);
    const auto known =
        std::find_if(rules.begin(), rules.end(), [&](const Made& made) { return made.when == when; });
    if (known == rules.end()) {
      rules.push_back({when, row.id, comment(row)});
    } else {
      known->comments += comment(row);
    }
  }
  if (rules.empty()) return "# nothing was learnt that rules could be made of\n";
  std::string text =
      "# For policy.rules, each before the rule that decrypts it. A rule passes every client of its server,\n"
      "# not one kind alone.\n";
  for (const Made& rule : rules) {
    text += "- name: \"learnt " + rule.id + "\"\n" + rule.comments + "  when: { " + rule.when +
            " }\n  then: pass\n";
  }
  return text;
}

std::string judged_text(const LearntRow& row) {
  const std::string what = row.server + " with clients " + row.ja4;
  if (row.state == "accepted") return printable(what) + " is accepted: passed until it is forgotten\n";
  return printable(what) + " is forgotten: decrypted again\n";
}

}  // namespace limpid::control
