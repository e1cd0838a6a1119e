// Material: what a configuration names beyond its own values (compiled rules, trusted roots, signing CAs,
// keys of own servers), read by the one loader that `limpid run` and `limpid check-config` share: what a
// start would refuse, the check reports, each at its place in the configuration. Control thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "policy/rule_set.h"
#include "tls_proxy/certificate/inbound_material.h"
#include "tls_proxy/certificate/signing_material.h"
#include "tls_proxy/certificate/trust_store.h"

namespace limpid::control {

struct Material {
  std::shared_ptr<const policy::RuleSet> rules;
  // Null where nothing can be decrypted.
  std::shared_ptr<const certificate::TrustStore> trust;
  std::shared_ptr<const certificate::SigningMaterial> signing;
  // Null where tls.inbound names no servers.
  std::shared_ptr<const certificate::InboundMaterial> inbound;
  // Null where tls.client_certificates is empty.
  std::shared_ptr<const certificate::InboundMaterial> client_keys;
  std::vector<openssl::X509Ptr> intermediates;  // that servers leave out
};

/// A configuration with everything that it takes to start with it, ports and sockets apart.
struct Startable {
  config::Configuration configuration;
  Material material;
};

/// Every error of the file and of the files that it names, in the file's order. Changes nothing.
Result<Startable, std::vector<config::ConfigError>> load_startable(const std::string& path, WallTime now);

}  // namespace limpid::control
