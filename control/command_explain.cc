#include "control/command_explain.h"

#include <algorithm>
#include <ostream>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "dataplane/base/address.h"
#include "dataplane/base/nearest.h"
#include "dataplane/base/result.h"
#include "policy/explanation.h"
#include "policy/host_pattern.h"
#include "tls_proxy/certificate/pem_file.h"
#include "tls_proxy/certificate/verifier.h"
#include "tls_proxy/certificate_facts.h"

namespace limpid::control {

namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;
constexpr int kWrong = 2;
constexpr std::uint16_t kVlanMax = 4094;
constexpr std::uint16_t kSomeClientPort = 50'000;  // where the command line names none

/// "192.0.2.1", "2001:db8::1", "192.0.2.1:50000" or "[2001:db8::1]:50000".
std::optional<SocketAddress> client_of(std::string_view text) {
  if (const auto ip = IpAddress::parse(text)) return SocketAddress{*ip, kSomeClientPort};
  return SocketAddress::parse(text);
}

std::optional<std::uint16_t> segment_of(const std::string& name, const std::vector<std::string>& segments) {
  if (name.empty()) return 0;
  const auto found = std::find(segments.begin(), segments.end(), name);
  if (found == segments.end()) return std::nullopt;
  return static_cast<std::uint16_t>(found - segments.begin());
}

std::string no_such_segment(const std::string& name, const std::vector<std::string>& segments) {
  std::string sentence = "--segment " + name + ": the configuration has no such segment, only";
  for (const std::string& segment : segments)
    sentence += (&segment == segments.data() ? " " : ", ") + segment;
  const std::string hint = nearest_hint(name, segments);
  return hint.empty() ? sentence : sentence + "; " + hint;
}

/// The error is a sentence.
Result<FlowFacts, std::string> facts_of(const ExplainArguments& arguments,
                                        const std::vector<std::string>& segments) {
  const auto client = client_of(arguments.client);
  if (!client) {
    return Failure{"--client " + arguments.client +
                   ": expected an address, as in 192.0.2.1 or 192.0.2.1:50000"};
  }
  const auto server = SocketAddress::parse(arguments.server);
  if (!server) {
    return Failure{"--server " + arguments.server +
                   ": expected an address with a port, as in 198.51.100.7:443 or [2001:db8::7]:443"};
  }
  if (client->ip.is_v6() != server->ip.is_v6()) {
    return Failure<std::string>{"--client and --server: one is IPv4, the other IPv6"};
  }
  if (arguments.vlan > kVlanMax) return Failure<std::string>{"--vlan: expected 1 to 4094, or 0 for untagged"};
  const auto segment = segment_of(arguments.segment, segments);
  if (!segment) return Failure{no_such_segment(arguments.segment, segments)};
  return FlowFacts{*client, *server, arguments.vlan, *segment};
}

/// What the server's chain says, and what verification makes of it, without lists of revoked ones. The error
/// is a sentence.
Result<policy::CertificateFacts, std::string> shown_by(const ExplainArguments& arguments,
                                                       const config::Configuration& configuration,
                                                       std::string_view name, const IpAddress& server,
                                                       WallTime now) {
  auto read = certificate::read_certificates(arguments.certificate);
  if (!read) return Failure{read.error()};
  const auto chain = certificate::PresentedChain::of(std::move(read).value());
  if (chain.empty()) return Failure{arguments.certificate + " has no certificate"};
  auto trust = certificate::TrustStore::load(configuration.tls.trust);
  if (!trust) return Failure{trust.error()};
  certificate::VerifierSettings settings;
  settings.intermediates_max = static_cast<int>(configuration.tls.intermediates_max);
  settings.revocation = certificate::RevocationMode::kOff;
  certificate::Verifier verifier(std::move(trust).value(), settings);
  return tls::facts_of(chain, verifier.verify(chain, name, server, now));
}

/// What is said before TLS; nullopt: nothing. The error is a sentence.
Result<std::optional<policy::UpgradeFacts>, std::string> upgrade_of(const ExplainArguments& arguments) {
  std::optional<policy::UpgradeFacts> made;
  if (arguments.upgrade.empty() && arguments.connect_host.empty()) return made;
  const std::vector<std::string>& known = policy::upgrade_words();
  made = {.spoken = arguments.upgrade.empty() ? "connect" : std::string_view(arguments.upgrade),
          .host = arguments.connect_host,
          .port = arguments.connect_port};
  if (std::find(known.begin(), known.end(), made->spoken) != known.end()) return made;
  std::string sentence = "--upgrade " + arguments.upgrade + ": expected one of";
  for (const std::string& word : known) sentence += (&word == known.data() ? " " : ", ") + word;
  return Failure{sentence};
}

/// The name that a proxy was asked for.
std::optional<std::string_view> proxied_name(const ExplainArguments& arguments) {
  if (arguments.connect_host.empty() || IpAddress::parse(arguments.connect_host)) return std::nullopt;
  return arguments.connect_host;
}

/// Behind a proxy the name that it was asked for counts where the client sends none.
std::optional<std::string_view> name_of(const ExplainArguments& arguments) {
  return arguments.sni ? *arguments.sni : proxied_name(arguments);
}

struct Question {
  const ExplainArguments& arguments;
  const config::Configuration& configuration;
  const FlowFacts& facts;
  policy::SeenBeyond seen{};

  policy::Explanation answer(std::optional<std::string_view> name, const policy::SeenBeyond& beyond) const {
    return policy::explain(configuration.policy, config::names(configuration), facts, name,
                           config::own_servers(configuration), beyond);
  }
};

/// A front's name is explained both ways: on the wire nobody sees who hides behind it.
std::string explained(const Question& question) {
  const ExplainArguments& arguments = question.arguments;
  const policy::Explanation plain = question.answer(name_of(arguments), question.seen);
  const bool front =
      arguments.sni && policy::any_matches(question.configuration.tls.ech_fronts, *arguments.sni);
  if (!front) return arguments.json ? policy::json(plain) + "\n" : policy::text(plain);
  policy::SeenBeyond hidden = question.seen;
  hidden.shown = nullptr;
  hidden.front = *arguments.sni;
  const policy::Explanation fronted = question.answer(proxied_name(arguments), hidden);
  return arguments.json ? policy::json(fronted, &plain) + "\n" : policy::text(fronted, &plain);
}

}  // namespace

int explain(const ExplainArguments& arguments, WallTime now, std::ostream& out, std::ostream& err) {
  const auto loaded = config::load(arguments.config, {.check_files = false});
  if (!loaded) {
    err << config::text(loaded.error());
    return kWrong;
  }
  const auto facts = facts_of(arguments, config::names(*loaded).segments);
  if (!facts) {
    err << "limpid explain: " << facts.error() << "\n";
    return kWrong;
  }
  const auto upgrade = upgrade_of(arguments);
  if (!upgrade) {
    err << "limpid explain: " << upgrade.error() << "\n";
    return kWrong;
  }
  std::optional<policy::CertificateFacts> shown;
  if (!arguments.certificate.empty()) {
    auto read = shown_by(arguments, *loaded, name_of(arguments).value_or(""), facts->server.ip, now);
    if (!read) {
      err << "limpid explain: --certificate: " << read.error() << "\n";
      return kWrong;
    }
    shown = std::move(read).value();
  }
  out << explained(
      {arguments, *loaded, *facts, {*upgrade ? &**upgrade : nullptr, shown ? &*shown : nullptr, now}});
  return out.flush() ? kGood : kFailed;
}

}  // namespace limpid::control
