#include "tls_proxy/certificate/verifier.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "dataplane/base/check.h"
#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/defects.h"

namespace limpid::certificate {

namespace {

// Keys below 112 bits of security (RSA under 2048 bits) and SHA-1 signatures do not pass: level 2 of OpenSSL,
// which is also what browsers ask for.
constexpr int kSecurityLevel = 2;
constexpr int kDepthMax = 10;
constexpr std::size_t kHostMax = 253;  // RFC 1035 §2.3.4, as text
// Certificates of the store that were considered but not used have dates too; they are not looked at.
constexpr std::chrono::hours kVerdictKeptMax{24};

using NamesPtr = std::unique_ptr<GENERAL_NAMES, openssl::Freed<GENERAL_NAMES_free>>;
struct FreedStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), FreedStack>;

/// Goes on after every defect, so that all of them are found.
int collect(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  auto* defects = static_cast<Defects*>(X509_STORE_CTX_get_app_data(context));
  defects->add(X509_STORE_CTX_get_error(context), X509_STORE_CTX_get_error_depth(context),
               X509_STORE_CTX_get_current_cert(context));
  return 1;
}

bool names_an_ip_address(X509* leaf) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
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

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
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
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

StackPtr stack_of(const PresentedChain& chain) {
  StackPtr stack(sk_X509_new_null());
  for (const openssl::X509Ptr& certificate : chain.certificates())
    sk_X509_push(stack.get(), certificate.get());
  return stack;
}

Verdict verdict_of(const Defects& defects, bool name_checked) {
  Verdict verdict{defects.outcome(), defects.detail()};
  if (name_checked) return verdict;
  if (!verdict.detail.empty()) verdict.detail += "; ";
  verdict.detail += "the client named no host, so the name was not checked";
  return verdict;
}

}  // namespace

std::size_t Verifier::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.chain.data(), sizeof hash);  // a SHA-256 is as good a hash as any
  return hash ^ std::hash<std::string>{}(key.name) ^ key.trust_generation ^
         static_cast<std::size_t>(key.check);
}

Verifier::Verifier(std::shared_ptr<const TrustStore> trust, std::size_t verdicts_max)
    : trust_(std::move(trust)), cache_(verdicts_max) {}

Verifier::Key Verifier::key_for(const PresentedChain& chain, std::string_view host, const IpAddress& server,
                                std::uint64_t trust_generation) {
  Key key{chain.chain_fingerprint(), {}, NameCheck::kServerAddress, trust_generation};
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
  if (key.check == NameCheck::kHost) key.name = lower_case(host);
  return key;
}

Verdict Verifier::verify(const PresentedChain& chain, std::string_view host, const IpAddress& server,
                         WallTime now) {
  LIMPID_CHECK(!chain.empty(), "there is no chain to verify");
  if (!trust_) return {Outcome::kOther, "not verified: limpid was given no trust store"};
  Key key = key_for(chain, host, server, trust_->generation());
  if (const Cached* known = cache_.find(key);
      known != nullptr && now >= known->window.from && now < known->window.until) {
    return known->verdict;
  }
  Cached fresh = verify_anew(chain, key, now);
  return cache_.put(std::move(key), std::move(fresh)).verdict;
}

/// The verdict stands from now until the first date that lies ahead.
void Verifier::Window::narrow_to(X509* certificate, WallTime now) {
  for (const ASN1_TIME* date : {X509_get0_notBefore(certificate), X509_get0_notAfter(certificate)}) {
    const std::optional<WallTime> when = wall_time(date);
    if (when && *when >= now) until = std::min(until, *when);
  }
}

bool Verifier::set_name(X509_VERIFY_PARAM* parameters, const Key& key, X509* leaf, bool& name_checked) {
  switch (key.check) {
    case NameCheck::kHost:
      return X509_VERIFY_PARAM_set1_host(parameters, key.name.data(), key.name.size()) == 1;
    case NameCheck::kAddress:
      return set_address(parameters, *IpAddress::parse(key.name));
    case NameCheck::kServerAddress:
      name_checked = names_an_ip_address(leaf);
      return !name_checked || set_address(parameters, *IpAddress::parse(key.name));
    case NameCheck::kImpossible:
      break;
  }
  return false;
}

Verifier::Cached Verifier::verify_anew(const PresentedChain& chain, const Key& key, WallTime now) const {
  Defects defects;
  bool name_checked = true;
  Window window{now, now + kVerdictKeptMax};
  const openssl::StoreCtxPtr context(X509_STORE_CTX_new());
  const StackPtr untrusted = stack_of(chain);
  if (!context || X509_STORE_CTX_init(context.get(), trust_->store(), chain.leaf(), untrusted.get()) != 1) {
    defects.add(X509_V_ERR_OUT_OF_MEM, 0, nullptr);
    return {verdict_of(defects, name_checked), {now, now}};
  }
  make_strict(context.get(), now);
  if (!set_name(X509_STORE_CTX_get0_param(context.get()), key, chain.leaf(), name_checked)) {
    defects.add_impossible_name();
  }
  X509_STORE_CTX_set_app_data(context.get(), &defects);
  X509_STORE_CTX_set_verify_cb(context.get(), collect);
  const int verified = X509_verify_cert(context.get());
  if (verified != 1 && defects.none()) defects.add(X509_STORE_CTX_get_error(context.get()), 0, chain.leaf());
  ERR_clear_error();

  // Both the path that was found and what might make another one: an expired certificate is passed over.
  for (const openssl::X509Ptr& certificate : chain.certificates()) window.narrow_to(certificate.get(), now);
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(path); ++i) window.narrow_to(sk_X509_value(path, i), now);
  return {verdict_of(defects, name_checked), window};
}

}  // namespace limpid::certificate
