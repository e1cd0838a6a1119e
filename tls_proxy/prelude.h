// Prelude: what was said in the clear before the TLS of a session: StartTLS, CONNECT, SOCKS, a PROXY header.
// It was forwarded; the session has it for its tools, its record and policy. Values; goes with the session.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/tool/plaintext_tap.h"
#include "policy/upgrade_protocol.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

struct Prelude {
  struct Turn {
    tool::Direction from{};
    std::string bytes;
  };
  std::vector<Turn> turns{};  // in the order in which they were heard
  std::string spoken{};       // "smtp", "connect", …
  std::optional<TunnelTarget> target{};
  /// So many bytes of the client's leg still belong to it, and are for the server as they are.
  std::size_t unsent = 0;

  policy::UpgradeFacts facts() const {
    return {.spoken = spoken, .host = target ? target->host : std::string_view(), .port = port()};
  }
  std::uint16_t port() const { return target ? target->port : std::uint16_t{0}; }
  /// The name of the server behind a proxy; empty where there is none, or only an address.
  std::string_view server_name() const {
    const bool named = target && !IpAddress::parse(target->host);
    return named ? std::string_view(target->host) : std::string_view();
  }
  /// "shop.example:443"; empty where no proxy was asked.
  std::string connect() const {
    if (!target) return {};
    const bool v6 = target->host.find(':') != std::string::npos;
    return (v6 ? "[" + target->host + "]" : target->host) + ":" + std::to_string(target->port);
  }
};

}  // namespace limpid::tls
