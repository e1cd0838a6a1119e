#include "tls_proxy/certificate/profile.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>

#include "dataplane/base/ascii.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/x509_values.h"

namespace limpid::certificate {

namespace {

using ConstraintsPtr = std::unique_ptr<NAME_CONSTRAINTS, openssl::Freed<NAME_CONSTRAINTS_free>>;
using AuthorityKeyPtr = std::unique_ptr<AUTHORITY_KEYID, openssl::Freed<AUTHORITY_KEYID_free>>;

constexpr int kCurveBitsMin = 256;
constexpr std::size_t kLabelMax = 63;  // RFC 1035 §2.3.4
// Certificates with more names than anybody needs would take a worker seconds to go through.
constexpr std::size_t kComparisonsMax = 65'536;

/// One certificate of the path.
struct Place {
  X509* certificate;
  int depth;
  bool root;  // the last one, and signed by itself
};

struct LeafNames {
  std::vector<std::string> hosts;
  std::vector<std::string> wildcards;  // of these, in small letters
  std::vector<std::string> addresses;
};

bool is_critical(const X509* certificate, int nid) {
  const int index = X509_get_ext_by_NID(certificate, nid, -1);
  return index >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, index)) == 1;
}

LeafNames names_of(const X509* leaf) {
  LeafNames found;
  const GeneralNamesPtr names = alternative_names(leaf);
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) found.hosts.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_DNS && found.hosts.back().starts_with("*."))
      found.wildcards.push_back(small_letters(found.hosts.back()));
    if (name->type != GEN_IPADD) continue;
    if (const auto address = address_of(name->d.iPAddress)) found.addresses.push_back(address->text());
  }
  return found;
}

std::vector<std::string> common_names_of(const X509* certificate) {
  std::vector<std::string> found;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
    if (size < 0) continue;
    found.emplace_back(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
  }
  return found;
}

// --- Every certificate ----------------------------------------------------------------------------------

/// A client that knows an extension and cannot read it does not know what it would have forbidden.
void check_readable(const Place& place, Defects& defects) {
  constexpr std::array<int, 11> kKnown{NID_basic_constraints,
                                       NID_key_usage,
                                       NID_ext_key_usage,
                                       NID_subject_alt_name,
                                       NID_subject_key_identifier,
                                       NID_info_access,
                                       NID_name_constraints,
                                       NID_certificate_policies,
                                       NID_authority_key_identifier,
                                       NID_policy_constraints,
                                       NID_crl_distribution_points};
  for (const int nid : kKnown) {
    int criticality = 0;
    void* value = X509_get_ext_d2i(place.certificate, nid, &criticality, nullptr);
    const X509V3_EXT_METHOD* method = X509V3_EXT_get_nid(nid);
    if (value != nullptr) {
      ASN1_item_free(static_cast<ASN1_VALUE*>(value), ASN1_ITEM_ptr(method->it));
    } else if (criticality != -1) {  // -1: it has none
      defects.add(Outcome::kMalformed,
                  std::string("an extension cannot be read, or is there twice (") + OBJ_nid2ln(nid) + ")",
                  place.depth);
    }
  }
}

/// Keys that nobody may use for certificates any more, or never could. The library asks for 112 bits of
/// strength, which P-224 has, but the CA/Browser Forum for P-256 at least (Baseline Requirements §6.1.5).
void check_key(const Place& place, Defects& defects) {
  const EVP_PKEY* key = X509_get0_pubkey(place.certificate);
  if (key == nullptr) return;  // the library has complained
  if (EVP_PKEY_is_a(key, "DSA") == 1) defects.add(Outcome::kWeak, "a DSA key", place.depth);
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) < kCurveBitsMin)
    defects.add(Outcome::kWeak, "an elliptic curve of less than 256 bits", place.depth);
  if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) % 8 != 0) {
    defects.add(Outcome::kMalformed, "an RSA key whose length is not a number of whole bytes", place.depth);
  }
}

bool has_leading_period_or_wildcard(const GENERAL_SUBTREE* subtree) {
  if (subtree->base->type != GEN_DNS) return false;
  const std::string name = text_of(subtree->base->d.dNSName);
  return name.starts_with('.') || name.find('*') != std::string::npos;
}

bool any_such(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    if (has_leading_period_or_wildcard(sk_GENERAL_SUBTREE_value(subtrees, i))) return true;
  }
  return false;
}

void check_constraints(const Place& place, Defects& defects) {
  const auto add = [&](const char* sentence) { defects.add(Outcome::kMalformed, sentence, place.depth); };
  const bool has_policies = X509_get_ext_by_NID(place.certificate, NID_policy_constraints, -1) >= 0;
  if (has_policies && !is_critical(place.certificate, NID_policy_constraints))
    add("policy constraints that are not critical");  // RFC 5280 §4.2.1.11
  const auto constraints = extension<ConstraintsPtr>(place.certificate, NID_name_constraints);
  if (!constraints) return;
  // RFC 5280 §4.2.1.10
  if ((X509_get_extension_flags(place.certificate) & EXFLAG_CA) == 0)
    add("name constraints in a certificate that is not a CA's");
  if (sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) <= 0 &&
      sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) <= 0) {
    add("name constraints that name nothing");
  }
  if (any_such(constraints->permittedSubtrees) || any_such(constraints->excludedSubtrees))
    add("name constraints with a name that begins with a period or holds a wildcard");
}

void check_authority_key(const Place& place, Defects& defects) {
  const auto identifier = extension<AuthorityKeyPtr>(place.certificate, NID_authority_key_identifier);
  if (identifier && identifier->keyid == nullptr) {
    defects.add(Outcome::kMalformed, "an authority key identifier without the key's identifier", place.depth);
  }
}

// --- The server's own certificate -----------------------------------------------------------------------

bool is_label(std::string_view label) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  return !label.empty() && label.size() <= kLabelMax &&
         label.find_first_not_of(kCharacters) == std::string_view::npos;
}

/// In the preferred syntax of RFC 1034 §3.5 (RFC 5280 §4.2.1.6), or a wildcard before such a name.
bool is_host_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  for (;;) {
    const std::size_t end = name.find('.');
    if (!is_label(name.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    name.remove_prefix(end + 1);
  }
}

/// What some program would take for an address, in whatever form.
bool reads_as_address(const std::string& text) {
  in6_addr six{};
  in_addr four{};
  if (inet_pton(AF_INET6, text.c_str(), &six) == 1) return true;
  const bool more_than_a_number = text.find('.') != std::string::npos || text.starts_with("0x");
  return more_than_a_number && inet_aton(text.c_str(), &four) == 1;
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

/// Those who read the common name and those who read the alternative names must take the certificate for the
/// same server's. The domain that the names belong to says nothing else.
bool agrees(const std::string& common_name, const LeafNames& names) {
  if (contains(names.hosts, common_name)) return true;
  if (reads_as_address(common_name)) return contains(names.addresses, common_name);
  const bool is_host =
      common_name.find('.') != std::string::npos && common_name.find_first_of(" @/:,") == std::string::npos;
  if (!is_host || names.hosts.empty()) return true;
  return std::any_of(names.hosts.begin(), names.hosts.end(),
                     [&](const std::string& host) { return host.ends_with("." + common_name); });
}

void check_names(const Place& leaf, const LeafNames& names, Defects& defects) {
  const auto add = [&](const char* sentence) { defects.add(Outcome::kMalformed, sentence, leaf.depth); };
  const bool has_subject = X509_NAME_entry_count(X509_get_subject_name(leaf.certificate)) > 0;
  if (has_subject && is_critical(leaf.certificate, NID_subject_alt_name))
    add("critical alternative names beside a subject");
  if (!std::all_of(names.hosts.begin(), names.hosts.end(), is_host_name))
    add("an alternative name that is not a host's");
  if (names.hosts.empty() && names.addresses.empty()) return;
  const std::vector<std::string> common_names = common_names_of(leaf.certificate);
  if (common_names.size() * (names.hosts.size() + names.addresses.size()) > kComparisonsMax)
    return defects.add(Outcome::kOther, "too many names to compare", leaf.depth);
  for (const std::string& common_name : common_names) {
    if (!agrees(common_name, names)) add("a common name that is none of the alternative names");
  }
}

/// A wildcard may stand for the very name that a CA was forbidden, of which it does not consist itself.
bool stands_for(std::string_view wildcard, std::string_view name) {
  const std::string_view suffix = wildcard.substr(1);
  return name.size() > suffix.size() && name.ends_with(suffix) &&
         name.substr(0, name.size() - suffix.size()).find('.') == std::string_view::npos;
}

void check_wildcards(const Place& authority, const LeafNames& of_leaf, Defects& defects) {
  const auto constraints = extension<ConstraintsPtr>(authority.certificate, NID_name_constraints);
  const STACK_OF(GENERAL_SUBTREE)* excluded = constraints ? constraints->excludedSubtrees : nullptr;
  const auto count = static_cast<std::size_t>(std::max(0, sk_GENERAL_SUBTREE_num(excluded)));
  if (count * of_leaf.wildcards.size() > kComparisonsMax)
    return defects.add(Outcome::kOther, "too many names and name constraints to compare", authority.depth);
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(excluded); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(excluded, i)->base;
    if (base->type != GEN_DNS) continue;
    const std::string forbidden = small_letters(text_of(base->d.dNSName));
    for (const std::string& wildcard : of_leaf.wildcards) {
      if (!stands_for(wildcard, forbidden)) continue;
      return defects.add(Outcome::kWrongUsage, "a wildcard that includes a name excluded by a CA", 0);
    }
  }
}

bool is_self_issued(X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

void check_length(const STACK_OF(X509) * path, const ProfileLimits& limits, Defects& defects) {
  int intermediates = 0;
  for (int i = 1; i + 1 < sk_X509_num(path); ++i) {
    if (!is_self_issued(sk_X509_value(path, i))) ++intermediates;
  }
  if (intermediates <= limits.intermediates_max) return;
  defects.add(Outcome::kOther,
              std::to_string(intermediates) + " intermediates, more than tls.verification.intermediates_max",
              0);
}

}  // namespace

bool is_older_than_the_rules(const X509* root) {
  constexpr std::array<std::string_view, 4> kRoots{
      // Go Daddy Class 2 and Starfield Class 2: basic constraints not critical
      "c3846bf24b9e93ca64274c0ec67c1ecc5e024ffcacd2d74019350e81fe546ae4",
      "1465fa205397b876faa6f0a9958e5590e40fcc7faa4fb7c2c8677521fb5fb658",
      // TWCA Global Root CA: no subject key identifier
      "59769007f7685d0fcd50872f9f95d5755a5b2b457d81f3692b610a98672f0e1b",
      // ePKI Root Certification Authority: basic constraints not critical
      "c0a6f4dc63a24bfdcf54ef2a6a082a0a72de35803e2ff5ff527ae5d87206dfd5",
  };
  const std::string print = hex(fingerprint_of(root));
  return std::find(kRoots.begin(), kRoots.end(), print) != kRoots.end();
}

void check_profile(const STACK_OF(X509) * path, const ProfileLimits& limits, Defects& defects) {
  const int size = sk_X509_num(path);
  if (size < 1) return;
  X509* leaf = sk_X509_value(path, 0);
  const LeafNames names = names_of(leaf);
  for (int depth = 0; depth < size; ++depth) {
    const Place place{sk_X509_value(path, depth), depth, depth > 0 && depth + 1 == size};
    check_key(place, defects);
    if (place.root && is_older_than_the_rules(place.certificate)) continue;
    check_readable(place, defects);
    check_constraints(place, defects);
    check_authority_key(place, defects);
    if (depth > 0) check_wildcards(place, names, defects);
  }
  check_names({leaf, 0, false}, names, defects);
  // A certificate that the operator trusts by itself is a CA's as a rule.
  const bool is_ca = (X509_get_extension_flags(leaf) & EXFLAG_CA) != 0;
  if (size > 1 && is_ca) defects.add(Outcome::kMalformed, "a CA's own certificate", 0);
  check_length(path, limits, defects);
}

}  // namespace limpid::certificate
