#include "tests/architecture/reasons_page.h"

#include <array>
#include <string_view>

#include "dataplane/base/reasons.h"

namespace limpid::architecture {

namespace {

constexpr std::array<std::string_view, 6> kMeaning{
    "the client, its network stack or its application",
    "the server",
    "a tool: an IPS, an IDS, a recorder",
    "the network between them; nobody in particular",
    "limpid: a limit that was reached, or its own stop",
    "a rule of the configuration: it was meant so",
};

}  // namespace

std::string reasons_page() {
  std::string page =
      "# Why limpid gave something up\n\n"
      "The same word is the counter in `limpid stats`, the field `reason=` of the session's log line, the "
      "column of\n"
      "`limpid sessions --all`, and the value in `--json`. Each says whose fault it was.\n\n"
      "What is said here to be forwarded is so where policy does not block what has no name "
      "(`blocked_by_rule`).\n\n"
      "This page is printed from `dataplane/base/reasons.def`; a test fails when it is stale\n"
      "(`print_page reasons > docs/operations/reasons.md` mends it).\n";
  for (std::size_t whose = 0; whose < kMeaning.size(); ++whose) {
    const auto culprit_of_section = static_cast<Culprit>(whose);
    std::string rows;
    for (std::size_t i = 1; i < kReasons; ++i) {
      const auto reason = static_cast<Reason>(i);
      if (culprit(reason) != culprit_of_section) continue;
      rows += "| `" + std::string(name(reason)) + "` | " + std::string(sentence(reason)) + " |\n";
    }
    if (rows.empty()) continue;
    page += "\n## " + std::string(name(culprit_of_section)) + "\n\n" + std::string(kMeaning[whose]) +
            "\n\n| reason | what happened |\n|---|---|\n" + rows;
  }
  return page;
}

}  // namespace limpid::architecture
