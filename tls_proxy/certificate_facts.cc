#include "tls_proxy/certificate_facts.h"

#include <array>

#include "dataplane/base/ascii.h"
#include "policy/host_pattern.h"
#include "tls_proxy/certificate/description.h"

namespace limpid::tls {

namespace {

std::string common_name(const X509* certificate) {
  std::array<char, policy::kHostBytesMax + 1> name{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                                             static_cast<int>(name.size()));
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : std::string();
}

/// Those that can be names of hosts; addresses are among them, as a client may name one.
std::vector<std::string> host_names(const std::vector<std::string>& names) {
  std::vector<std::string> hosts;
  for (const std::string& name : names) {
    if (auto host = policy::normalize_pattern(name)) hosts.push_back(std::move(host).value());
  }
  return hosts;
}

std::vector<std::string> outcomes_of(const certificate::Verdict& verdict) {
  if (verdict.trusted()) return {std::string(name(certificate::Outcome::kTrusted))};
  certificate::Classes classes = verdict.classes;
  classes.set(static_cast<std::size_t>(verdict.outcome));
  std::vector<std::string> words;
  for (std::size_t i = 1; i < classes.size(); ++i) {
    if (classes[i]) words.emplace_back(name(static_cast<certificate::Outcome>(i)));
  }
  return words;
}

}  // namespace

policy::CertificateFacts facts_of(const certificate::PresentedChain& chain,
                                  const certificate::Verdict& verdict) {
  policy::CertificateFacts facts;
  if (const auto leaf = certificate::describe(chain.der().front())) {
    facts.names = host_names(leaf->names);
    if (facts.names.empty()) facts.names = host_names({common_name(chain.leaf())});
    facts.subject = small_letters(leaf->subject);
    facts.issuer = small_letters(leaf->issuer);
    facts.key = small_letters(leaf->key_kind);
    facts.key_bits = leaf->key_bits;
    facts.not_before_s = leaf->not_before_s;
    facts.not_after_s = leaf->not_after_s;
  }
  for (const openssl::X509Ptr& each : chain.certificates())
    facts.fingerprints.push_back(certificate::hex(certificate::fingerprint_of(each.get())));
  facts.outcomes = outcomes_of(verdict);
  facts.believed = verdict.trusted();
  return facts;
}

}  // namespace limpid::tls
