// `limpid explain`: what would be decided about a connection, by which rule, and why not by the ones before.
// Called by the command line with parsed arguments; reads the configuration file, and where a
// certificate is given that and the trusted roots.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "dataplane/base/clock.h"

namespace limpid::control {

struct ExplainArguments {
  std::string config;  // path of the configuration file
  std::string client;  // "192.0.2.1" or "192.0.2.1:50000"
  std::string server;  // "198.51.100.7:443"
  std::optional<std::string> sni;
  std::string upgrade;       // "smtp", "connect" …: what is spoken before TLS; empty: nothing, or "connect"
  std::string connect_host;  // whom a proxy is asked for; empty: none is
  std::uint16_t connect_port = 443;
  std::uint16_t vlan = 0;
  std::string segment;      // its name; empty: the first
  std::string certificate;  // path of a PEM file with the server's chain; empty: it is not known
  bool json = false;
};

/// The exit code: 0 explained, 1 the answer could not be written, 2 usage or configuration.
int explain(const ExplainArguments& arguments, WallTime now, std::ostream& out, std::ostream& err);

}  // namespace limpid::control
