#include "tests/unit/tls_proxy/recordings/known_flows.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace limpid::testing {

std::vector<KnownFlow> known_flows() {
  std::vector<KnownFlow> flows;
  std::ifstream truth(kRecordings / "truth.jsonl");
  for (std::string line; std::getline(truth, line);) {
    const nlohmann::json record = nlohmann::json::parse(line);
    for (const nlohmann::json& of : record.at("flows")) {
      const nlohmann::json& upgrade = of.at("upgrade");
      flows.push_back({.file = record.at("file"),
                       .flow = of.at("flow"),
                       .upgrade = upgrade.is_null() ? std::string() : upgrade.get<std::string>(),
                       .hellos = of.at("ch"),
                       .ssl2 = of.at("sslv2_hello"),
                       .names = of.at("sni").get<std::vector<std::string>>(),
                       .certificates = of.at("certs").get<std::vector<std::string>>()});
    }
  }
  return flows;
}

std::vector<RecordedFlow> recorded(const KnownFlow& known) {
  std::vector<RecordedFlow> flows;
  for (RecordedFlow& flow : read_recording(kRecordings / known.file).flows) {
    if (flow.name != known.flow && !flow.from_syn) flow = turned(flow);
    if (flow.name == known.flow) flows.push_back(std::move(flow));
  }
  return flows;
}

}  // namespace limpid::testing
