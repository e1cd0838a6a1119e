// limpid's verdict beside that of x509-limbo: each chain given to the Verifier, and each of those whose key
// the suite has, served by a real server behind the session engine, at the case's own time: what counts is
// the certificate that the client is shown. Where the suite is not there, the tests are skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>
#include <map>
#include <set>

#include <openssl/pem.h>

#include "tests/support/pki.h"
#include "tests/unit/tls_proxy/interception.h"
#include "tests/unit/tls_proxy/limbo/limbo_cases.h"
#include "tls_proxy/certificate/verifier.h"

namespace limpid::testing {
namespace {

using certificate::Knowledge;
using certificate::RevocationMode;
using certificate::TrustStore;
using certificate::VerifierSettings;

/// Where limpid says something else than the suite, on purpose.
struct Disagreement {
  std::string_view id;
  std::string_view reason;
  bool trusted = false;  // by limpid
};
constexpr std::array<Disagreement, 5> kDisagreements{{
    {"cve::cve-2024-0567",
     "the chain ends in a trusted certificate that is not self-signed: no root to limpid"},
    {"rfc5280::root-and-intermediate-swapped", "likewise: an intermediate in the trust store is no root"},
    {"pathlen::validation-ignores-pathlen-in-leaf",
     "the server's certificate is a CA's; the suite's own case webpki::ca-as-leaf wants that refused"},
    {"rfc5280::ca-as-leaf", "likewise"},
    {"rfc5280::nc::permitted-dns-match-noncritical",
     "constraints that are not critical, and kept to: RFC 5280 wants them critical, the CAs' own rules do "
     "not; "
     "the suite has it again as webpki::nc::permitted-dns-match-noncritical, which must pass",
     true},
}};

/// What limpid needs to be told for a case; null: it could not even start with it.
struct Circumstances {
  std::shared_ptr<const TrustStore> trust;
  std::shared_ptr<const Knowledge> knowledge;
  VerifierSettings settings;
};

Circumstances circumstances_of(const LimboCase& each) {
  Circumstances made;
  const auto trust = TrustStore::load(write_file(make_folder(), "roots.pem", each.roots));
  if (trust) made.trust = *trust;
  if (each.depth_max) made.settings.intermediates_max = *each.depth_max;
  const auto knowledge = std::make_shared<Knowledge>();
  for (const std::string& list : each.crls) {
    if (const auto added = knowledge->lists.add(certificate::read_revocation_list(list)); !added)
      std::cout << each.id << ": " << added.error() << "\n";
  }
  // The suite gives the lists that decide a case, and a list that cannot be used decides it, too.
  if (!each.crls.empty()) made.settings.revocation = RevocationMode::kHard;
  made.knowledge = knowledge;
  return made;
}

/// How limpid judges; nothing: the case cannot be played in this way.
struct Judged {
  bool trusted = false;
  std::string why;
};
using Judge = std::function<std::optional<Judged>(const LimboCase&)>;

std::optional<Judged> judged_by_verifier(const LimboCase& each) {
  const certificate::PresentedChain chain = each.chain();
  if (chain.empty()) return Judged{false, "the certificate cannot be read"};
  const Circumstances of = circumstances_of(each);
  certificate::Verifier verifier(of.trust, of.settings);
  verifier.know(of.knowledge);
  const certificate::Verdict verdict =
      verifier.verify(chain, each.host, *IpAddress::parse("192.0.2.1"), each.time);
  return Judged{verdict.trusted(), std::string(name(verdict.outcome)) + ": " + verdict.detail};
}

openssl::KeyPtr key_of(const std::string& pem) {
  const openssl::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return openssl::KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

/// As a server has them; empty where it cannot.
std::vector<Credential> credentials_of(const LimboCase& each) {
  std::vector<Credential> credentials;
  openssl::KeyPtr key = key_of(each.leaf_key);
  std::vector<openssl::X509Ptr> leaf = certificates_of(each.leaf);
  if (!key || leaf.empty() || X509_check_private_key(leaf.front().get(), key.get()) != 1) return credentials;
  credentials.push_back({std::move(leaf.front()), std::move(key)});
  for (openssl::X509Ptr& further : certificates_of(each.intermediates))
    credentials.push_back({std::move(further), nullptr});
  return credentials;
}

std::optional<Judged> judged_behind_a_session(const LimboCase& each) {
  if (each.leaf_key.empty()) return std::nullopt;
  const std::vector<Credential> credentials = credentials_of(each);
  EXPECT_FALSE(credentials.empty()) << each.id << " has a key that no server can be made with";
  if (credentials.empty()) return std::nullopt;
  const Circumstances of = circumstances_of(each);
  auto setup = Interception::usual();
  setup.client.trust = nullptr;  // it takes what it is shown, and we look at it
  setup.client.sni = each.host;
  setup.server.chain.clear();
  for (const Credential& credential : credentials) setup.server.chain.push_back(&credential);
  setup.settings.verification = of.settings;
  setup.trust = of.trust;
  setup.knowledge = of.knowledge;
  Interception it(std::move(setup));
  it.clock.set_wall(each.time);
  it.connect();
  const std::string why = it.snapshot().certificate_outcome + ": " + it.snapshot().detail;
  if (!it.client.connected()) return Judged{false, "refused: " + why};
  const std::string issuer = name_text(X509_get_issuer_name(it.client.certificate().get()));
  return Judged{issuer.find("Signing CA") != std::string::npos,
                "shown a certificate of " + issuer + ": " + why};
}

/// Empty: there is none.
std::string_view reason_to_disagree(const std::string& id, bool trusted) {
  const auto* found =
      std::find_if(kDisagreements.begin(), kDisagreements.end(),
                   [&](const Disagreement& each) { return each.id == id && each.trusted == trusted; });
  return found == kDisagreements.end() ? std::string_view() : found->reason;
}

class Tally {
 public:
  void add(const LimboCase& each, const Judged& judged) {
    ++counted_;
    if (judged.trusted == each.must_pass) return;
    const std::string_view reason = reason_to_disagree(each.id, judged.trusted);
    EXPECT_FALSE(reason.empty()) << each.id << (judged.trusted ? " is trusted" : " is not trusted")
                                 << " without a reason: " << judged.why;
    std::cout << "otherwise: " << each.id << ": " << judged.why << " (" << reason << ")\n";
    disagreed_.insert(each.id);
  }
  void expect_agreement() const {
    std::cout << counted_ - disagreed_.size() << " of " << counted_ << " cases agree\n";
    EXPECT_GE((counted_ - disagreed_.size()) * 100, counted_ * 95);
  }
  const std::set<std::string>& disagreed() const { return disagreed_; }

 private:
  std::size_t counted_ = 0;
  std::set<std::string> disagreed_;
};

/// Those that are left out are said, too.
Tally play(const std::vector<LimboCase>& cases, const Judge& judge) {
  Tally tally;
  std::map<std::string, int> left_out;
  for (const LimboCase& each : cases) {
    SCOPED_TRACE(each.id);
    if (!each.not_counted.empty()) {
      ++left_out[each.not_counted];
      continue;
    }
    if (const std::optional<Judged> judged = judge(each)) {
      tally.add(each, *judged);
    } else {
      ++left_out["the suite does not have its key"];
    }
  }
  for (const auto& [why, count] : left_out) std::cout << "not counted: " << count << " (" << why << ")\n";
  return tally;
}

TEST(Limbo, TheVerifierJudgesAsTheSuiteDoesAndTrustsNothingThatItMustNot) {
  const std::vector<LimboCase> cases = limbo_cases();
  if (cases.empty()) GTEST_SKIP() << "x509-limbo is not there";
  const Tally tally = play(cases, judged_by_verifier);
  tally.expect_agreement();
  for (const Disagreement& each : kDisagreements) {
    EXPECT_TRUE(tally.disagreed().contains(std::string(each.id)))
        << each.id << " agrees: take it off the list";
  }
}

TEST(Limbo, AClientIsShownATrustedCertificateWhereTheSuiteSaysSoAndNowhereElse) {
  const std::vector<LimboCase> cases = limbo_cases();
  if (cases.empty()) GTEST_SKIP() << "x509-limbo is not there";
  play(cases, judged_behind_a_session).expect_agreement();
}

}  // namespace
}  // namespace limpid::testing
