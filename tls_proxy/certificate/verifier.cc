#include "tls_proxy/certificate/verifier.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <set>

#include "dataplane/base/check.h"

namespace limpid::certificate {

namespace {

// Keys below 112 bits of security (RSA under 2048 bits) and SHA-1 signatures do not pass: level 2 of OpenSSL,
// which is also what browsers ask for.
constexpr int kSecurityLevel = 2;
constexpr int kDepthMax = 10;

/// Gravest first: a chain with several defects is named after the first of these that it has.
constexpr std::array<Outcome, kOutcomes - 1> kGravestFirst{
    Outcome::kBadSignature, Outcome::kWeak,        Outcome::kWrongUsage,
    Outcome::kOther,        Outcome::kSelfSigned,  Outcome::kUnknownIssuer,
    Outcome::kNameMismatch, Outcome::kNotYetValid, Outcome::kExpired};

// clang-format off
Outcome classify(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return Outcome::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return Outcome::kNotYetValid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Outcome::kNameMismatch;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return Outcome::kSelfSigned;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return Outcome::kUnknownIssuer;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REJECTED:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_INVALID_CA: return Outcome::kWrongUsage;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return Outcome::kWeak;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE: return Outcome::kBadSignature;
    default: return Outcome::kOther;
  }
}
// clang-format on

struct Defects {
  std::set<Outcome> classes;
  std::string detail;

  void add(int error, int depth) {
    const Outcome outcome = classify(error);
    const bool first_of_its_kind = classes.insert(outcome).second;
    if (!first_of_its_kind) return;
    if (!detail.empty()) detail += "; ";
    detail += X509_verify_cert_error_string(error);
    if (depth > 0) detail += " (certificate " + std::to_string(depth) + " of the chain)";
  }
};

/// Goes on after every defect, so that all of them are found.
int collect(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  auto* defects = static_cast<Defects*>(X509_STORE_CTX_get_app_data(context));
  defects->add(X509_STORE_CTX_get_error(context), X509_STORE_CTX_get_error_depth(context));
  return 1;
}

bool names_an_ip_address(X509* leaf) {
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    if (sk_GENERAL_NAME_value(names, i)->type == GEN_IPADD) found = true;
  }
  GENERAL_NAMES_free(names);
  return found;
}

std::time_t seconds(WallTime when) {
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

WallTime wall_time(const ASN1_TIME* time, WallTime otherwise) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return otherwise;
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

void add_unchecked_name_remark(std::string& detail) {
  if (!detail.empty()) detail += "; ";
  detail += "the client named no host, so the name was not checked";
}

}  // namespace

std::size_t Verifier::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.chain.data(), sizeof hash);  // a SHA-256 is as good a hash as any
  return hash ^ std::hash<std::string>{}(key.name) ^ key.trust_generation;
}

Verifier::Verifier(std::shared_ptr<const TrustStore> trust, std::size_t verdicts_max)
    : trust_(std::move(trust)), cache_(verdicts_max) {}

Verdict Verifier::verify(const PresentedChain& chain, std::string_view host, const IpAddress& server,
                         WallTime now) {
  LIMPID_CHECK(!chain.empty(), "there is no chain to verify");
  Key key{chain.chain_fingerprint(), host.empty() ? server.text() : std::string(host), trust_->generation()};
  if (Cached* known = cache_.find(key); known != nullptr && now >= known->from && now < known->until) {
    return known->verdict;
  }
  Cached fresh{verify_anew(chain, host, server, now), WallTime::min(), WallTime::max()};
  // The verdict holds between the last of the chain's dates before now and the first one after it. An anchor
  // that expires is not among these dates, so no verdict is kept for longer than a day.
  fresh.until = now + std::chrono::hours(24);
  fresh.from = now;
  for (const openssl::X509Ptr& certificate : chain.certificates()) {
    for (const ASN1_TIME* time :
         {X509_get0_notBefore(certificate.get()), X509_get0_notAfter(certificate.get())}) {
      const WallTime date = wall_time(time, fresh.until);
      if (date >= now) fresh.until = std::min(fresh.until, date);
    }
  }
  return cache_.put(std::move(key), std::move(fresh)).verdict;
}

Verdict Verifier::verify_anew(const PresentedChain& chain, std::string_view host, const IpAddress& server,
                              WallTime now) const {
  const openssl::StoreCtxPtr context(X509_STORE_CTX_new());
  STACK_OF(X509)* untrusted = sk_X509_new_null();
  for (const openssl::X509Ptr& certificate : chain.certificates()) sk_X509_push(untrusted, certificate.get());
  X509_STORE_CTX_init(context.get(), trust_->store(), chain.leaf(), untrusted);

  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  X509_VERIFY_PARAM_set_depth(parameters, kDepthMax);
  X509_VERIFY_PARAM_set_time(parameters, seconds(now));
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool name_checked = true;
  if (!host.empty()) {
    X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
  } else if (names_an_ip_address(chain.leaf())) {
    const Bytes ip = server.bytes();
    X509_VERIFY_PARAM_set1_ip(parameters, reinterpret_cast<const unsigned char*>(ip.data()), ip.size());
  } else {
    name_checked = false;
  }

  Defects defects;
  X509_STORE_CTX_set_app_data(context.get(), &defects);
  X509_STORE_CTX_set_verify_cb(context.get(), collect);
  const int verified = X509_verify_cert(context.get());
  if (verified != 1 && defects.classes.empty()) defects.add(X509_STORE_CTX_get_error(context.get()), 0);
  sk_X509_free(untrusted);
  ERR_clear_error();

  Verdict verdict{Outcome::kTrusted, std::move(defects.detail)};
  for (const Outcome outcome : kGravestFirst) {
    if (!defects.classes.contains(outcome)) continue;
    verdict.outcome = outcome;
    break;
  }
  if (!name_checked) add_unchecked_name_remark(verdict.detail);
  return verdict;
}

}  // namespace limpid::certificate
