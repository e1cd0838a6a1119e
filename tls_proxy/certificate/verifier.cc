#include "tls_proxy/certificate/verifier.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "dataplane/base/ascii.h"
#include "dataplane/base/check.h"
#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/defects.h"
#include "tls_proxy/certificate/path_search.h"
#include "tls_proxy/certificate/profile.h"
#include "tls_proxy/certificate/stapled_response.h"
#include "tls_proxy/certificate/status_question.h"
#include "tls_proxy/certificate/x509_values.h"

namespace limpid::certificate {

namespace {

// Keys below 112 bits of security (RSA under 2048 bits) and SHA-1 signatures do not pass: level 2 of OpenSSL,
// which is also what browsers ask for.
constexpr int kSecurityLevel = 2;
// Of the library, which counts a CA's certificates to itself as well. Above, the profile says how long.
constexpr int kDepthMax = 32;
constexpr std::size_t kHostMax = 253;  // RFC 1035 §2.3.4, as text
// Certificates of the store that were considered but not used have dates too; they are not looked at.
constexpr std::chrono::hours kVerdictKeptMax{24};
constexpr std::size_t kVerdictBytesMax = std::size_t{32} << 20U;  // of names and details, in the cache
// Certificates of such short life are not revoked: they expire before a list would be read.
constexpr std::chrono::seconds kShortLife = std::chrono::hours(7 * 24);

bool names_an_ip_address(X509* leaf) {
  const GeneralNamesPtr names = alternative_names(leaf);
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    if (sk_GENERAL_NAME_value(names.get(), i)->type == GEN_IPADD) return true;
  }
  return false;
}

/// What the library would read as something else than one host: ".example" means any host below it to
/// OpenSSL, and a zero byte ends a name for some programs and not for others.
bool is_one_host(std::string_view host) {
  constexpr std::string_view kNever("\0 /:@*", 6);
  return !host.empty() && host.size() <= kHostMax && host.front() != '.' &&
         host.find_first_of(kNever) == std::string_view::npos;
}

bool set_address(X509_VERIFY_PARAM* parameters, const IpAddress& address) {
  const Bytes bytes = address.bytes();
  return X509_VERIFY_PARAM_set1_ip(parameters, reinterpret_cast<const unsigned char*>(bytes.data()),
                                   bytes.size()) == 1;
}

void make_strict(X509_STORE_CTX* context, WallTime now) {
  X509_STORE_CTX_set_default(context, "ssl_server");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  X509_VERIFY_PARAM_set_depth(parameters, kDepthMax);
  X509_VERIFY_PARAM_set_time(parameters, unix_seconds(now));
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

bool is_short_lived(const X509* certificate) {
  const std::optional<std::int64_t> from = unix_seconds(X509_get0_notBefore(certificate));
  const std::optional<std::int64_t> until = unix_seconds(X509_get0_notAfter(certificate));
  return from && until && *until - *from <= kShortLife.count();
}

/// It says itself that it comes with an OCSP response, or is worth nothing (RFC 7633).
bool must_be_stapled(X509* certificate) {
  constexpr long kStatusRequest = 5;
  const std::unique_ptr<TLS_FEATURE, openssl::Freed<TLS_FEATURE_free>> features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  const int count = features ? sk_ASN1_INTEGER_num(features.get()) : 0;
  for (int i = 0; i < count; ++i) {
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequest) return true;
  }
  return false;
}

/// A list that its issuer did not sign says nothing. One that is out of date still does: nobody is unrevoked.
bool list_says_nothing(int error) {
  return error != X509_V_ERR_UNABLE_TO_GET_CRL && error != X509_V_ERR_CRL_HAS_EXPIRED &&
         error != X509_V_ERR_CRL_NOT_YET_VALID;
}

Verdict verdict_of(const Defects& defects, bool name_checked) {
  Verdict verdict{defects.outcome(), defects.detail(), defects.classes()};
  if (name_checked) return verdict;
  if (!verdict.detail.empty()) verdict.detail += "; ";
  verdict.detail += "the client named no host, so the name was not checked";
  return verdict;
}

/// Keys that take long to verify with, as nobody needs them: what they have signed is not looked at.
std::optional<Verdict> refused_unread(const PresentedChain& chain) {
  constexpr int kRsaBitsMax = 8'192;
  constexpr int kExponentBitsMax = 33;  // 2^32 + 1 is seen
  for (const openssl::X509Ptr& each : chain.certificates()) {
    const EVP_PKEY* key = X509_get0_pubkey(each.get());
    if (key == nullptr || EVP_PKEY_is_a(key, "RSA") != 1) continue;
    BIGNUM* exponent = nullptr;
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent);
    const bool slow = exponent == nullptr || BN_num_bits(exponent) > kExponentBitsMax;
    BN_free(exponent);
    if (!slow && EVP_PKEY_get_bits(key) <= kRsaBitsMax) continue;
    Verdict verdict{Outcome::kWeak, "an RSA key of more than 8192 bits, or with a large exponent", {}};
    verdict.classes.set(static_cast<std::size_t>(Outcome::kWeak));
    return verdict;
  }
  return std::nullopt;
}

}  // namespace

/// One verification by the library, of the way that it finds or of a given one.
class Verifier::Attempt {
 public:
  Attempt(const Verifier& verifier, const Key& key, const std::string& staple, WallTime now)
      : verifier_(verifier), key_(key), staple_(staple), now_(now), window_{now, now + kVerdictKeptMax} {}

  void verify(const PresentedChain& chain) {
    for (const openssl::X509Ptr& certificate : chain.certificates()) take_in(certificate.get());
    run(chain.leaf(), nullptr);
  }
  void verify(X509* leaf, const CandidatePath& along) {
    take_in(leaf);
    for (X509* certificate : along.intermediates) take_in(certificate);
    const openssl::CertificatesPtr root(sk_X509_new_null());
    sk_X509_push(root.get(), along.root);
    run(leaf, root.get());
  }

  const Defects& defects() const { return defects_; }
  /// The server's own certificate is revoked by whom has signed it: so it is on every other way.
  bool says_revoked() const {
    return leaf_revoked_ && !defects_.classes().test(static_cast<std::size_t>(Outcome::kBadSignature));
  }
  Cached result() const {
    Cached made{verdict_of(defects_, name_checked_), window_};
    const Outcome outcome = made.verdict.outcome;
    if (outcome == Outcome::kTrusted || outcome == Outcome::kRevocationUnknown)
      made.verdict.question = question_;
    return made;
  }

 private:
  /// Both the path that is found and what might make another one have dates that matter: an expired
  /// certificate is passed over.
  void take_in(X509* certificate) {
    sk_X509_push(untrusted_.get(), certificate);
    window_.narrow_to(certificate);
    if (verifier_.knowledge_ == nullptr || verifier_.settings_.revocation == RevocationMode::kOff) return;
    for (X509_CRL* list : verifier_.knowledge_->lists.of_issuer_of(certificate)) {
      if (!taken_.insert(list).second) continue;  // many certificates may name one issuer
      sk_X509_CRL_push(lists_.get(), list);
      window_.narrow_to(X509_CRL_get0_nextUpdate(list), std::chrono::seconds(0));
    }
  }

  void run(X509* leaf, STACK_OF(X509) * roots);
  bool set_name(X509_VERIFY_PARAM* parameters, X509* leaf);
  void ask_for_revocation(X509_STORE_CTX* context);
  bool is_defect(int error, int depth, X509_STORE_CTX* context);
  void look_at_staple(X509* leaf, X509* issuer);
  bool leaves_revocation_open(int error, int depth, const X509* certificate, bool root);

  /// Goes on after every defect, so that all of them are found.
  static int collect(int ok, X509_STORE_CTX* context) {
    if (ok == 1) return 1;
    auto* attempt = static_cast<Attempt*>(X509_STORE_CTX_get_app_data(context));
    const int error = X509_STORE_CTX_get_error(context);
    const int depth = X509_STORE_CTX_get_error_depth(context);
    if (attempt->is_defect(error, depth, context))
      attempt->defects_.add(error, depth, X509_STORE_CTX_get_current_cert(context));
    return 1;
  }

  const Verifier& verifier_;
  const Key& key_;
  const std::string& staple_;
  WallTime now_;
  Window window_;
  Defects defects_;
  openssl::CertificatesPtr untrusted_{sk_X509_new_null()};
  openssl::ListsPtr lists_{sk_X509_CRL_new_null()};
  std::unordered_set<const X509_CRL*> taken_;
  int leaf_left_open_ = X509_V_OK;  // why no list tells of the server's own certificate
  int said_nothing_ = -1;           // the depth of the last certificate whose list is worth nothing
  bool leaf_told_of_ = false;       // by a list
  bool leaf_revoked_ = false;
  std::string question_;
  bool name_checked_ = true;
};

/// Not everything that the library objects to is one.
bool Verifier::Attempt::is_defect(int error, int depth, X509_STORE_CTX* context) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const bool root = depth > 0 && depth + 1 == sk_X509_num(X509_STORE_CTX_get0_chain(context));
  // Valid through the whole of its last second (RFC 5280 §4.1.2.5).
  if (error == X509_V_ERR_CERT_HAS_EXPIRED)
    return unix_seconds(X509_get0_notAfter(certificate)) != unix_seconds(now_);
  // Private CAs are made without, and it forbids nothing then.
  if (error == X509_V_ERR_CA_CERT_MISSING_KEY_USAGE) return false;
  if (error == X509_V_ERR_CERT_REVOKED) {
    const bool believed = said_nothing_ != depth;
    leaf_revoked_ = leaf_revoked_ || (believed && depth == 0);
    return believed;
  }
  const Outcome outcome = classify(error);
  if (outcome == Outcome::kRevocationUnknown) return leaves_revocation_open(error, depth, certificate, root);
  return outcome != Outcome::kMalformed || !root || !is_older_than_the_rules(certificate);
}

bool Verifier::Attempt::leaves_revocation_open(int error, int depth, const X509* certificate, bool root) {
  if (list_says_nothing(error)) said_nothing_ = depth;
  if (depth == 0) leaf_told_of_ = false;
  if (verifier_.settings_.revocation != RevocationMode::kHard || root) return false;
  if (depth > 0) return true;
  if (!is_short_lived(certificate)) leaf_left_open_ = error;
  return false;
}

/// The server may have sent what no list tells.
void Verifier::Attempt::look_at_staple(X509* leaf, X509* issuer) {
  std::optional<StapledStatus> status;
  if (issuer != nullptr && !staple_.empty()) status = stapled_status(staple_, leaf, issuer, now_);
  if (status) window_.until = std::min(window_.until, status->until);
  if (status && status->revoked) {
    leaf_revoked_ = true;
    defects_.add(X509_V_ERR_CERT_REVOKED, 0, leaf);
  }
  const bool off = verifier_.settings_.revocation == RevocationMode::kOff;  // then none is asked for
  const bool must = !status && !off && must_be_stapled(leaf);
  const bool open = !off && !status && !must && !leaf_told_of_ && !is_short_lived(leaf);
  if (open && issuer != nullptr) question_ = status_question(leaf, issuer);
  if (must) leaf_left_open_ = X509_V_ERR_OCSP_VERIFY_NEEDED;
  if (!status && leaf_left_open_ != X509_V_OK) defects_.add(leaf_left_open_, 0, leaf);
}

bool Verifier::Attempt::set_name(X509_VERIFY_PARAM* parameters, X509* leaf) {
  switch (key_.check) {
    case NameCheck::kHost:
      return X509_VERIFY_PARAM_set1_host(parameters, key_.name.data(), key_.name.size()) == 1;
    case NameCheck::kAddress:
      return set_address(parameters, *IpAddress::parse(key_.name));
    case NameCheck::kServerAddress:
      name_checked_ = names_an_ip_address(leaf);
      return !name_checked_ || set_address(parameters, *IpAddress::parse(key_.name));
    case NameCheck::kImpossible:
      break;
  }
  return false;
}

void Verifier::Attempt::ask_for_revocation(X509_STORE_CTX* context) {
  const RevocationMode mode = verifier_.settings_.revocation;
  const bool lists = sk_X509_CRL_num(lists_.get()) > 0;
  if (mode == RevocationMode::kOff || (mode == RevocationMode::kSoft && !lists)) return;
  leaf_told_of_ = true;  // unless it turns out otherwise
  X509_STORE_CTX_set0_crls(context, lists_.get());
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context),
                              X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

/// `roots`: null: those of the trust store.
void Verifier::Attempt::run(X509* leaf, STACK_OF(X509) * roots) {
  const openssl::StoreCtxPtr context(X509_STORE_CTX_new());
  if (!context ||
      X509_STORE_CTX_init(context.get(), verifier_.trust_->store(), leaf, untrusted_.get()) != 1) {
    defects_.add(X509_V_ERR_OUT_OF_MEM, 0, nullptr);
    window_.until = window_.from;
    return;
  }
  make_strict(context.get(), now_);
  if (roots != nullptr) X509_STORE_CTX_set0_trusted_stack(context.get(), roots);
  ask_for_revocation(context.get());
  if (!set_name(X509_STORE_CTX_get0_param(context.get()), leaf)) defects_.add_impossible_name();
  X509_STORE_CTX_set_app_data(context.get(), this);
  X509_STORE_CTX_set_verify_cb(context.get(), collect);
  const int verified = X509_verify_cert(context.get());
  if (verified != 1 && defects_.none()) defects_.add(X509_STORE_CTX_get_error(context.get()), 0, leaf);
  ERR_clear_error();

  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(path); ++i) window_.narrow_to(sk_X509_value(path, i));
  look_at_staple(leaf, sk_X509_value(path, 1));
  check_profile(path, {.intermediates_max = verifier_.settings_.intermediates_max}, defects_);
  ERR_clear_error();  // of extensions that cannot be read
}

std::size_t Verifier::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::size_t of_staple = 0;
  std::memcpy(&hash, key.chain.data(), sizeof hash);  // a SHA-256 is as good a hash as any
  std::memcpy(&of_staple, key.staple.data(), sizeof of_staple);
  return hash ^ of_staple ^ std::hash<std::string>{}(key.name) ^ key.trust_generation ^
         (key.knowledge_generation << 8U) ^ static_cast<std::size_t>(key.check);
}

Verifier::Verifier(std::shared_ptr<const TrustStore> trust, const VerifierSettings& settings)
    : trust_(std::move(trust)), settings_(settings), cache_(settings.verdicts_max, kVerdictBytesMax) {}

const std::string& Verifier::staple_of(const PresentedChain& chain) const {
  static const std::string kNone;
  return settings_.revocation == RevocationMode::kOff ? kNone : chain.staple();
}

Verifier::Key Verifier::key_for(const PresentedChain& chain, std::string_view host,
                                const IpAddress& server) const {
  Key key{chain.chain_fingerprint(),
          {},
          NameCheck::kServerAddress,
          trust_->generation(),
          knowledge_ ? knowledge_->generation : 0,
          {}};
  if (!staple_of(chain).empty()) key.staple = fingerprint_of(staple_of(chain));
  if (host.empty()) {
    key.name = server.text();
    return key;
  }
  const bool plain = host.find('\0') == std::string_view::npos;
  if (const std::optional<IpAddress> address = IpAddress::parse(host); plain && address) {
    key.name = address->text();
    key.check = NameCheck::kAddress;
    return key;
  }
  if (host.back() == '.') host.remove_suffix(1);  // the root's dot, which certificates do not write
  key.check = is_one_host(host) ? NameCheck::kHost : NameCheck::kImpossible;
  if (key.check == NameCheck::kHost) key.name = small_letters(host);
  return key;
}

Verdict Verifier::verify(const PresentedChain& chain, std::string_view host, const IpAddress& server,
                         WallTime now) {
  LIMPID_CHECK(!chain.empty(), "there is no chain to verify");
  if (!trust_) return {Outcome::kOther, "not verified: limpid was given no trust store"};
  Key key = key_for(chain, host, server);
  if (const Cached* known = cache_.find(key);
      known != nullptr && now >= known->window.from && now < known->window.until) {
    return known->verdict;
  }
  Cached fresh = verify_anew(chain, key, now);
  const std::size_t bytes = 2 * key.name.size() + fresh.verdict.detail.size() + fresh.verdict.question.size();
  return cache_.put(std::move(key), std::move(fresh), bytes).verdict;
}

void Verifier::Window::narrow_to(const ASN1_TIME* date, std::chrono::seconds after_it) {
  const std::optional<std::int64_t> seconds = unix_seconds(date);
  if (!seconds) return;
  const WallTime when = wall_time(*seconds + after_it.count());
  if (when > from) until = std::min(until, when);
}

void Verifier::Window::narrow_to(const X509* certificate) {
  narrow_to(X509_get0_notBefore(certificate), std::chrono::seconds(0));
  narrow_to(X509_get0_notAfter(certificate), std::chrono::seconds(1));  // it is valid through its last second
}

/// The best way counts, as it does for any client.
Verifier::Cached Verifier::verify_anew(const PresentedChain& chain, const Key& key, WallTime now) const {
  if (auto refused = refused_unread(chain))
    return {*std::move(refused), {.from = now, .until = now + kVerdictKeptMax}};
  Attempt first(*this, key, staple_of(chain), now);
  first.verify(chain);
  Cached best = first.result();
  if (first.defects().none() || first.says_revoked()) return best;
  Defects least = first.defects();
  const CertificatesBySubject* known = knowledge_ ? &knowledge_->intermediates : nullptr;
  for (const CandidatePath& path :
       candidate_paths(chain, known, *trust_, static_cast<std::size_t>(settings_.intermediates_max))) {
    Attempt other(*this, key, staple_of(chain), now);
    other.verify(chain.leaf(), path);
    const WallTime until = std::min(best.window.until, other.result().window.until);
    const bool revoked = other.says_revoked();
    if (revoked || other.defects().less_grave_than(least)) {
      best = other.result();
      least = other.defects();
    }
    best.window.until = until;
    if (revoked || least.none()) break;
  }
  return best;
}

}  // namespace limpid::certificate
