#include "control/material.h"

#include <optional>
#include <utility>

#include "config/load.h"
#include "control/passphrase.h"
#include "dataplane/tool/mirror_key_log.h"
#include "dataplane/tool/pcapng_file.h"
#include "tls_proxy/certificate/pem_file.h"

namespace limpid::control {

namespace {

using config::ConfigError;

ConfigError error_at(std::string path, std::string what, std::string expected = "", std::string hint = "") {
  ConfigError error;
  error.path = std::move(path);
  error.what = std::move(what);
  error.expected = std::move(expected);
  error.hint = std::move(hint);
  return error;
}

std::string path_of(certificate::SigningFile file) {
  switch (file) {
    case certificate::SigningFile::kTrustedCertificate:
      return "tls.signing.trusted.certificate";
    case certificate::SigningFile::kTrustedKey:
      return "tls.signing.trusted.key";
    case certificate::SigningFile::kUntrustedCertificate:
      return "tls.signing.untrusted.certificate";
    case certificate::SigningFile::kUntrustedKey:
      return "tls.signing.untrusted.key";
  }
  return "";
}

std::string_view key_of(certificate::InboundFile file) {
  switch (file) {
    case certificate::InboundFile::kCertificate:
      return "certificate";
    case certificate::InboundFile::kKey:
      return "key";
    case certificate::InboundFile::kPkcs12:
      return "pkcs12";
  }
  return "";
}

/// Loads everything; what is wrong on the way is gathered in the configuration's terms.
class Loader {
 public:
  Loader(Material& material, WallTime now) : material_(material), now_(now) {}

  std::vector<ConfigError> load(const config::Configuration& configuration, bool sound) {
    if (sound) load_rules(configuration);
    if (configuration.tls.trusted) {  // else nothing is decrypted
      load_trust(configuration.tls.trust);
      load_intermediates(configuration.tls.intermediates);
      load_signing(*configuration.tls.trusted, configuration.tls.untrusted.value_or(config::KeyPair{}));
    }
    material_.inbound = load_keys("tls.inbound", configuration.tls.inbound);
    material_.client_keys = load_keys("tls.client_certificates", configuration.tls.client_certificates);
    look_at_recordings(configuration);
    look_at_key_log(configuration.tls.key_log.file);
    return std::move(found_);
  }

 private:
  void load_rules(const config::Configuration& configuration) {
    auto rules = policy::RuleSet::compile(configuration.policy, config::names(configuration));
    if (!rules) return found_.push_back(error_at("policy", rules.error()));
    material_.rules = *rules;
  }

  void load_trust(const std::string& path) {
    if (path.empty()) return;
    auto trust = certificate::TrustStore::load(path);
    if (trust) {
      material_.trust = *trust;
      return;
    }
    found_.push_back(error_at("tls.trust", trust.error(),
                              "PEM certificates that servers' chains must lead to",
                              "the package ca-certificates has the usual ones"));
  }

  void load_intermediates(const std::string& path) {
    if (path.empty()) return;
    auto intermediates = certificate::read_certificates(path);
    if (!intermediates) {
      return found_.push_back(
          error_at("tls.intermediates", intermediates.error(), "PEM certificates of intermediate CAs"));
    }
    material_.intermediates = std::move(intermediates).value();
  }

  void load_signing(const config::KeyPair& trusted, const config::KeyPair& untrusted) {
    auto signing = certificate::SigningMaterial::load(
        {trusted.certificate, trusted.key, untrusted.certificate, untrusted.key}, now_);
    if (!signing) return report(signing.error(), config::Severity::kError);
    material_.signing = *signing;
    report(material_.signing->warnings(), config::Severity::kWarning);
  }

  void report(const std::vector<certificate::SigningProblem>& problems, config::Severity severity) {
    for (const certificate::SigningProblem& problem : problems) {
      found_.push_back(error_at(path_of(problem.file), problem.sentence, problem.expected, problem.hint));
      found_.back().severity = severity;
    }
  }

  static std::string path_of_key(std::string_view section, std::size_t entry, std::string_view key) {
    return std::string(section) + "[" + std::to_string(entry) + "]." + std::string(key);
  }

  /// One for each entry of the section; null where it has none, or one cannot be loaded.
  template <typename Key>
  std::shared_ptr<const certificate::InboundMaterial> load_keys(std::string_view section,
                                                                const std::vector<Key>& entries) {
    if (entries.empty()) return nullptr;
    std::vector<certificate::InboundFiles> files;
    bool whole = true;
    for (const config::OwnKey& each : entries) {
      files.push_back({each.pair.certificate, each.pair.key, each.pkcs12, std::nullopt});
      if (each.passphrase == config::PassphraseSource{}) continue;
      Result<std::string, std::string> passphrase = read_passphrase(each.passphrase);
      whole = whole && passphrase.ok();
      if (passphrase) {
        files.back().passphrase = std::move(passphrase).value();
      } else {
        found_.push_back(error_at(path_of_key(section, files.size() - 1, "passphrase"), passphrase.error()));
        files.back() = {};  // what it would open has been said with it
      }
    }
    auto loaded = certificate::InboundMaterial::load(files, now_);
    if (!loaded) {
      report(section, loaded.error(), config::Severity::kError);
      return nullptr;
    }
    report(section, (*loaded)->warnings(), config::Severity::kWarning);
    return whole ? *loaded : nullptr;
  }

  void report(std::string_view section, const std::vector<certificate::InboundProblem>& problems,
              config::Severity severity) {
    for (const certificate::InboundProblem& problem : problems) {
      found_.push_back(error_at(path_of_key(section, problem.entry, key_of(problem.file)), problem.sentence,
                                problem.expected, problem.hint));
      found_.back().severity = severity;
    }
  }

  void look_at_recordings(const config::Configuration& configuration) {
    for (std::size_t i = 0; i < configuration.tools.size(); ++i) {
      const config::Mirror& mirror = configuration.tools[i].mirror;
      const std::string& path = mirror.pcapng;
      if (mirror.rotate != config::Rotation{}) continue;  // its files have names of their own
      const std::optional<std::string> error =
          path.empty() ? std::nullopt : tool::PcapngFile::refusal_of(path);
      if (!error) continue;
      found_.push_back(error_at("tools[" + std::to_string(i) + "].mirror.pcapng", *error,
                                "a new path, or a pcapng file to go on with"));
    }
  }

  void look_at_key_log(const std::string& path) {
    if (path.empty()) return;
    if (const auto error = tool::key_log_refusal(path))
      found_.push_back(error_at("tls.key_log.file", *error, "a new path, or a file of mode 0600"));
    found_.push_back(error_at("tls.key_log.file",
                              "the secrets of decrypted sessions are appended to " + path +
                                  ": whoever has it and a recording of the wire reads all that was said"));
    found_.back().severity = config::Severity::kWarning;
  }

  Material& material_;
  WallTime now_;
  std::vector<ConfigError> found_;
};

}  // namespace

Result<Startable, std::vector<ConfigError>> load_startable(const std::string& path, WallTime now) {
  Material material;
  config::LoadOptions options;
  options.look_into = [&](const config::Configuration& read, bool sound) {
    return Loader(material, now).load(read, sound);
  };
  auto loaded = config::load(path, options);
  if (!loaded) return Failure{loaded.error()};
  return Startable{std::move(loaded).value(), std::move(material)};
}

}  // namespace limpid::control
