#include "tests/architecture/state_machines_page.h"

#include "dataplane/base/edges.h"
#include "dataplane/flow/flow_state.h"
#include "dataplane/tcp/state.h"
#include "dataplane/tool/health.h"
#include "tls_proxy/learnt_table.h"
#include "tls_proxy/session.h"

namespace limpid::architecture {

namespace {

template <typename State, std::size_t N>
std::string diagram(const std::string& title, const std::string& source, const std::string& begin,
                    const Edges<State, N>& edges) {
  std::string text =
      "\n## " + title + "\n\n`" + source + "`\n\n```mermaid\nstateDiagram-v2\n    [*] --> " + begin + "\n";
  for (const Edge<State>& edge : edges.list) {
    text += "    " + std::string(name(edge.from)) + " --> " + std::string(name(edge.to)) + "\n";
  }
  return text + "```\n";
}

}  // namespace

std::string state_machines_page() {
  std::string page =
      "# State machines\n\n"
      "Printed from the tables in the sources, where each transition has its reason beside it. One that is "
      "not "
      "here ends\nthe process as a defect. A test fails when this page is stale\n"
      "(`print_page state-machines > docs/state-machines.md` mends it).\n";
  page += diagram("A flow", "dataplane/flow/flow_state.h", std::string(name(flow::FlowState::kSynSeen)),
                  flow::kFlowEdges);
  page += diagram("An endpoint (RFC 9293 §3.3.2)", "dataplane/tcp/state.h",
                  std::string(name(tcp::State::kEstablished)), tcp::kStateEdges);
  page += diagram("A session", "tls_proxy/session.h", std::string(name(tls::SessionState::kAwaitHello)),
                  tls::kSessionEdges);
  page += diagram("The health of an inline tool", "dataplane/tool/health.h",
                  std::string(name(tool::HealthState::kUp)), tool::kHealthEdges);
  page += diagram("What is learnt of a kind of client at a server", "tls_proxy/learnt_table.h",
                  std::string(name(tls::LearntState::kSuspect)), tls::kLearntEdges);
  return page;
}

}  // namespace limpid::architecture
