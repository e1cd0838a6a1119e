#include "policy/own_server.h"

#include <algorithm>
#include <array>

#include "policy/host_pattern.h"

namespace limpid::policy {

namespace {

bool leads_to(const OwnServer& server, const FlowFacts& facts, std::optional<std::string_view> host) {
  const bool address = server.servers.empty() ||
                       std::any_of(server.servers.begin(), server.servers.end(),
                                   [&](const IpPrefix& prefix) { return prefix.contains(facts.server.ip); });
  const bool port = server.ports.empty() ||
                    std::any_of(server.ports.begin(), server.ports.end(), [&](const NumberRange& range) {
                      return range.first <= facts.server.port && facts.server.port <= range.last;
                    });
  if (!address || !port) return false;
  return server.sni.empty() ||
         (host && std::any_of(server.sni.begin(), server.sni.end(),
                              [&](const std::string& pattern) { return matches(pattern, *host); }));
}

}  // namespace

std::string_view name(ChangedCertificate change) {
  switch (change) {
    case ChangedCertificate::kBlock:
      return "block";
    case ChangedCertificate::kOutbound:
      return "outbound";
  }
  return "";
}

std::vector<std::uint16_t> own_servers_of(const std::vector<OwnServer>& servers, const FlowFacts& facts,
                                          std::string_view sni) {
  std::array<char, kHostBytesMax> buffer{};
  const std::optional<std::string_view> host = normalize_host(sni, buffer.data());
  std::vector<std::uint16_t> found;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (leads_to(servers[i], facts, host)) found.push_back(static_cast<std::uint16_t>(i));
  }
  return found;
}

KeysInWords explain_keys(Direction direction, const std::vector<OwnServer>& servers, const FlowFacts& facts,
                         std::string_view sni) {
  if (direction == Direction::kOutbound) return {"outbound", {}, "the rule says so"};
  const std::vector<std::uint16_t> found = own_servers_of(servers, facts, sni);
  const bool only_inbound = direction == Direction::kInbound;
  KeysInWords words{"outbound", {}, "no entry of tls.inbound is for this server"};
  bool expected = false;
  for (const std::uint16_t each : found) {
    words.keys.push_back(servers[each].name);
    expected = expected || servers[each].is_expected();
  }
  if (found.empty() && only_inbound) return {"inbound", {}, words.why + ": refused"};
  if (found.empty()) return words;
  words.direction = expected || only_inbound ? "inbound" : "any";
  words.why = std::string("with the key whose certificate the server presents; otherwise ") +
              (only_inbound ? "refused"
               : expected   ? "as changed_certificate says"
                            : "outbound");
  return words;
}

}  // namespace limpid::policy
