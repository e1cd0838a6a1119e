#include "config/configuration.h"

#include <algorithm>

namespace limpid::config {

std::string_view name(Idle idle) {
  switch (idle) {
    case Idle::kAdaptive:
      return "adaptive";
    case Idle::kBusy:
      return "busy";
  }
  return "";
}

std::string_view name(AtLimit at_limit) {
  switch (at_limit) {
    case AtLimit::kPass:
      return "pass";
    case AtLimit::kReset:
      return "reset";
  }
  return "";
}

std::string_view name(Driver driver) {
  switch (driver) {
    case Driver::kAfPacket:
      return "af_packet";
    case Driver::kAfXdp:
      return "af_xdp";
    case Driver::kTap:
      return "tap";
  }
  return "";
}

std::string_view name(MemifRole role) { return role == MemifRole::kServer ? "server" : "client"; }

std::string_view name(Content content) {
  switch (content) {
    case Content::kPlaintext:
      return "plaintext";
    case Content::kCiphertext:
      return "ciphertext";
    case Content::kBoth:
      return "both";
  }
  return {};
}
std::string_view name(CopyAt at) { return at == CopyAt::kAfterTools ? "after_tools" : "before_tools"; }

std::string_view name(TunnelKind kind) {
  switch (kind) {
    case TunnelKind::kVxlan:
      return "vxlan";
    case TunnelKind::kGre:
      return "gre";
    case TunnelKind::kErspan:
      return "erspan";
  }
  return {};
}

std::string_view name(ToolFailure on_failure) {
  switch (on_failure) {
    case ToolFailure::kReset:
      return "reset";
    case ToolFailure::kBypass:
      return "bypass";
    case ToolFailure::kBypassNetwork:
      return "bypass_network";
    case ToolFailure::kDropNetwork:
      return "drop_network";
    case ToolFailure::kPortsDown:
      return "ports_down";
  }
  return "";
}

std::string_view name(OpenSessions open_sessions) {
  switch (open_sessions) {
    case OpenSessions::kWait:
      return "wait";
    case OpenSessions::kReset:
      return "reset";
  }
  return "";
}

std::string_view name(Revocation mode) {
  switch (mode) {
    case Revocation::kOff:
      return "off";
    case Revocation::kSoft:
      return "soft";
    case Revocation::kHard:
      return "hard";
  }
  return "";
}

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "";
}

bool inline_ports_mapped(const Configuration& configuration) {
  const auto& tools = configuration.tools;
  const auto& rules = configuration.policy.rules;
  return std::any_of(
             tools.begin(), tools.end(),
             [](const Tool& tool) { return tool.inline_tool && !tool.inline_tool->port_map.empty(); }) ||
         std::any_of(rules.begin(), rules.end(), [](const policy::Rule& rule) {
           return std::any_of(rule.tool_ports.begin(), rule.tool_ports.end(),
                              [](const policy::ToolPorts& each) { return !each.ports.empty(); });
         });
}

std::vector<policy::OwnServer> own_servers(const Configuration& configuration) {
  std::vector<policy::OwnServer> servers;
  for (const InboundKey& each : configuration.tls.inbound) servers.push_back(each.server);
  return servers;
}

policy::Names names(const Configuration& configuration) {
  policy::Names called;
  for (const Segment& segment : configuration.segments) called.segments.push_back(segment.name);
  for (const Tool& tool : configuration.tools) called.tools.push_back(tool.name);
  return called;
}

}  // namespace limpid::config
