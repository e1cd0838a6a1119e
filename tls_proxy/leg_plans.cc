#include "tls_proxy/leg_plans.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace limpid::tls {

namespace {

using certificate::KeyKind;
using openssl::Cipher;

struct Named {
  std::uint16_t number;
  std::string_view name;
};

// IANA's numbers and OpenSSL's names (TLS Supported Groups; TLS SignatureScheme).
constexpr std::uint16_t kP256Group = 23;
constexpr std::array<Named, 23> kGroups{{{0x11ec, "X25519MLKEM768"},
                                         {0x11eb, "SecP256r1MLKEM768"},
                                         {0x11ed, "SecP384r1MLKEM1024"},
                                         {0x0200, "MLKEM512"},
                                         {0x0201, "MLKEM768"},
                                         {0x0202, "MLKEM1024"},
                                         {29, "x25519"},
                                         {30, "x448"},
                                         {kP256Group, "secp256r1"},
                                         {24, "secp384r1"},
                                         {25, "secp521r1"},
                                         {26, "brainpoolP256r1"},
                                         {27, "brainpoolP384r1"},
                                         {28, "brainpoolP512r1"},
                                         {31, "brainpoolP256r1tls13"},
                                         {32, "brainpoolP384r1tls13"},
                                         {33, "brainpoolP512r1tls13"},
                                         {22, "secp256k1"},
                                         {256, "ffdhe2048"},
                                         {257, "ffdhe3072"},
                                         {258, "ffdhe4096"},
                                         {259, "ffdhe6144"},
                                         {260, "ffdhe8192"}}};
constexpr std::uint16_t kEcdsaP256Sha256 = 0x0403;
constexpr std::array<Named, 22> kSignatures{{{kEcdsaP256Sha256, "ecdsa_secp256r1_sha256"},
                                             {0x0503, "ecdsa_secp384r1_sha384"},
                                             {0x0603, "ecdsa_secp521r1_sha512"},
                                             {0x0807, "ed25519"},
                                             {0x0808, "ed448"},
                                             {0x0804, "rsa_pss_rsae_sha256"},
                                             {0x0805, "rsa_pss_rsae_sha384"},
                                             {0x0806, "rsa_pss_rsae_sha512"},
                                             {0x0809, "rsa_pss_pss_sha256"},
                                             {0x080a, "rsa_pss_pss_sha384"},
                                             {0x080b, "rsa_pss_pss_sha512"},
                                             {0x0401, "rsa_pkcs1_sha256"},
                                             {0x0501, "rsa_pkcs1_sha384"},
                                             {0x0601, "rsa_pkcs1_sha512"},
                                             {0x0303, "ecdsa_sha224"},
                                             {0x0301, "rsa_pkcs1_sha224"},
                                             {0x0203, "ecdsa_sha1"},
                                             {0x0201, "rsa_pkcs1_sha1"},
                                             {0x0202, "dsa_sha1"},
                                             {0x0904, "mldsa44"},
                                             {0x0905, "mldsa65"},
                                             {0x0906, "mldsa87"}}};
constexpr std::uint16_t kFallbackScsv = 0x5600;  // RFC 7507

template <std::size_t N>
std::string_view name_of(const std::array<Named, N>& table, std::uint16_t number) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [number](const Named& entry) { return entry.number == number; });
  return found == table.end() ? std::string_view{} : found->name;
}

/// What the table knows of the list, in its order, each once: a list may have thirty thousand entries.
template <std::size_t N>
std::vector<std::uint16_t> known_of(const std::array<Named, N>& table,
                                    const std::vector<std::uint16_t>& list) {
  std::vector<std::uint16_t> known;
  for (const std::uint16_t number : list) {
    const bool again = std::find(known.begin(), known.end(), number) != known.end();
    if (!again && !name_of(table, number).empty()) known.push_back(number);
  }
  return known;
}

bool contains(const std::vector<std::uint16_t>& list, std::uint16_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

void append(std::string& list, std::string_view entry) {
  if (entry.empty()) return;
  if (!list.empty()) list += ':';
  list += entry;
}

// --- Ciphers --------------------------------------------------------------------------------------------

bool is_tls13(const Cipher& cipher) { return cipher.key_exchange == NID_kx_any; }

/// Without authentication or without encryption: nothing that is worth intercepting uses them.
bool is_void(const Cipher& cipher) {
  return cipher.authentication == NID_auth_null || cipher.encryption == NID_undef;
}

/// The client's ciphers that the library knows, in the client's order, each once.
std::vector<const Cipher*> known_ciphers(const ClientHello& hello, openssl::Ciphers& ciphers) {
  std::vector<const Cipher*> known;
  for (const std::uint16_t suite : hello.cipher_suites) {
    const Cipher* cipher = ciphers.find(suite);
    if (cipher == nullptr || is_void(*cipher)) continue;
    if (std::find(known.begin(), known.end(), cipher) == known.end()) known.push_back(cipher);
  }
  return known;
}

/// CCM with a short tag differs from CCM in its strength alone.
bool same_protection(const Cipher& one, const Cipher& other) {
  return one.encryption == other.encryption && one.digest == other.digest && one.strength == other.strength;
}

bool keeps_forward_secrecy(const Cipher& cipher) {
  return cipher.key_exchange == NID_kx_ecdhe || cipher.key_exchange == NID_kx_dhe;
}

bool is_signed_by(const Cipher& cipher, KeyKind key) {
  return cipher.authentication == (key == KeyKind::kP256 ? NID_auth_ecdsa : NID_auth_rsa);
}

constexpr int kBestFit = 5;

/// How well a cipher of the client matches the server leg's; 0: not at all. The same key exchange comes
/// first: the client would otherwise be shown forward secrecy that its server does not have.
int fit(const Cipher& cipher, const Cipher& server_leg, KeyKind key) {
  if (is_tls13(cipher) || !is_signed_by(cipher, key)) return 0;
  const int secret = keeps_forward_secrecy(cipher) ? 1 : 0;
  if (!same_protection(cipher, server_leg)) return cipher.strength <= server_leg.strength ? 1 + secret : 0;
  return cipher.key_exchange == server_leg.key_exchange ? kBestFit : 3 + secret;
}

std::string ciphers_like(const Cipher& server_leg, KeyKind key, const ClientHello& hello,
                         openssl::Ciphers& ciphers) {
  const std::vector<const Cipher*> offered = known_ciphers(hello, ciphers);
  std::string list;
  for (int wanted = kBestFit; wanted > 0; --wanted) {
    for (const Cipher* cipher : offered) {
      if (fit(*cipher, server_leg, key) == wanted) append(list, cipher->name);
    }
  }
  return list;
}

// --- Groups ---------------------------------------------------------------------------------------------

bool is_hybrid(std::uint16_t group) {
  return (group >= 0x11eb && group <= 0x11ed) || (group >= 0x0200 && group <= 0x0202);
}

std::uint16_t number_of(std::string_view group) {
  for (const Named& entry : kGroups) {
    if (entry.name == group) return entry.number;
  }
  return 0;
}

/// "?": passed over where the library does not have it; "*": with a key share, as the client sent one, but no
/// more than the library sends: it refuses the list. A server that wants another asks for it.
std::string groups_to_offer(const ClientHello& hello) {
  constexpr int kSharesMax = 4;  // the library's OPENSSL_CLIENT_MAX_KEY_SHARES
  const std::vector<std::uint16_t> shares = known_of(kGroups, hello.key_shares);
  std::string list;
  int left = kSharesMax;
  for (const std::uint16_t group : known_of(kGroups, hello.groups)) {
    const bool share = left > 0 && contains(shares, group);
    if (share) --left;
    append(list, (share ? "?*" : "?") + std::string(name_of(kGroups, group)));
  }
  return list;
}

/// A list in which whatever comes first is chosen. Groups with a share first, then those that are not better
/// than the server leg's. A hybrid that the server has chosen is asked for even without a share, as the
/// server has done: "/" puts it above all shares.
std::string groups_to_answer(const ClientHello& hello, std::uint16_t server_leg) {
  const std::vector<std::uint16_t> groups = known_of(kGroups, hello.groups);
  const std::vector<std::uint16_t> shares = known_of(kGroups, hello.key_shares);
  const auto rank = [&](std::uint16_t group) {
    if (group == server_leg) return 0;
    return is_hybrid(group) && !is_hybrid(server_leg) ? 2 : 1;
  };
  std::string list;
  for (const bool with_share : {true, false}) {
    for (int wanted = 0; wanted <= 2; ++wanted) {
      for (const std::uint16_t group : groups) {
        if (contains(shares, group) != with_share || rank(group) != wanted) continue;
        append(list, "?" + std::string(name_of(kGroups, group)));
      }
    }
  }
  const bool ask_again =
      is_hybrid(server_leg) && contains(groups, server_leg) && !contains(shares, server_leg);
  if (ask_again) list = "?" + std::string(name_of(kGroups, server_leg)) + "/" + list;
  return list;
}

/// The client's, unless it is less than the library can be held to in a handshake: then none is agreed upon.
std::uint16_t limit_that_is_kept(const ClientHello& hello) {
  constexpr std::uint16_t kLeast = 513;  // with the content's type, which TLS 1.3 counts
  return hello.record_size_limit >= kLeast ? hello.record_size_limit : std::uint16_t{0};
}

/// RFC 8449 §4.
std::uint16_t limit_max(std::uint16_t version) { return version == kTls13 ? 16'385 : 16'384; }

std::vector<int> compressions_to_offer(const ClientHello& hello) {
  const std::vector<int>& have = openssl::certificate_compressions();
  std::vector<int> list;
  for (const std::uint16_t algorithm : hello.compressions) {
    const bool known = std::find(have.begin(), have.end(), int{algorithm}) != have.end();
    if (known && std::find(list.begin(), list.end(), int{algorithm}) == list.end()) list.push_back(algorithm);
  }
  return list;
}

}  // namespace

std::vector<std::string> groups_of_legs() {
  std::vector<std::string> names;
  names.reserve(kGroups.size());
  for (const Named& entry : kGroups) names.emplace_back(entry.name);
  return names;
}

LegVersions LegVersions::of(const policy::VersionPolicy& versions) {
  LegVersions made{versions.client, versions.server};
  if (versions.below_minimum == policy::BelowMinimum::kDecrypt) made.client.min = made.server.min = kSsl3;
  return made;
}

bool withholds_older(const ClientHello& hello, const LegVersions& allowed) {
  for (std::uint16_t version = kSsl3; version < allowed.server.min; ++version) {
    if (hello.offers(version)) return true;
  }
  return false;
}

bool offers_all(const ClientHello& hello, const policy::VersionRange& versions) {
  for (std::uint16_t version = versions.min; version <= versions.max; ++version) {
    if (!hello.offers(version)) return false;
  }
  return true;
}

std::uint16_t client_version(const ClientHello& hello, const LegVersions& allowed, std::uint16_t server_leg) {
  for (std::uint16_t version = std::min(allowed.client.max, server_leg); version >= allowed.client.min;
       --version) {
    if (hello.offers(version)) return version;
  }
  return 0;
}

std::optional<openssl::ServerOffer> offer_for(const ClientHello& hello, const LegVersions& allowed,
                                              openssl::Ciphers& ciphers) {
  openssl::ServerOffer offer;
  for (std::uint16_t version = allowed.server.max; version >= allowed.server.min; --version) {
    // Older ones would leave nothing for the client.
    if (!hello.offers(version) || client_version(hello, allowed, version) == 0) continue;
    if (offer.version_max == 0) offer.version_max = version;
    offer.version_min = version;
  }
  if (offer.version_max == 0) {
    const std::uint16_t newest = client_version(hello, allowed, kTls13);
    if (newest == 0 || newest > allowed.server.min) return std::nullopt;
    offer.version_min = allowed.server.min;
    offer.version_max = allowed.server.max;
  }
  for (const Cipher* cipher : known_ciphers(hello, ciphers)) {
    append(is_tls13(*cipher) ? offer.suites : offer.ciphers, cipher->name);
  }
  offer.groups = groups_to_offer(hello);
  for (const std::uint16_t algorithm : known_of(kSignatures, hello.signatures)) {
    append(offer.signatures, "?" + std::string(name_of(kSignatures, algorithm)));
  }
  for (const std::string& protocol : hello.alpn) {
    offer.alpn += static_cast<char>(protocol.size());
    offer.alpn += protocol;
  }
  offer.sni = hello.sni.value_or(std::string());
  offer.fallback = contains(hello.cipher_suites, kFallbackScsv);
  offer.extended_master_secret = hello.extended_master_secret;
  offer.staple = hello.status_request;
  offer.compressions = compressions_to_offer(hello);
  offer.record_size_limit = limit_that_is_kept(hello);
  if (hello.max_fragment_length <= TLSEXT_max_fragment_length_4096)
    offer.max_fragment_length = hello.max_fragment_length;
  return offer;
}

KeyKind key_kind_for(const ClientHello& hello, const openssl::Engine& server_leg, std::uint16_t version,
                     openssl::Ciphers& ciphers) {
  if (version == kTls13) {
    return contains(hello.signatures, kEcdsaP256Sha256) ? KeyKind::kP256 : KeyKind::kRsa2048;
  }
  const bool curve = hello.groups.empty() || contains(hello.groups, kP256Group);
  const bool algorithm = version < kTls12 || contains(hello.signatures, kEcdsaP256Sha256);
  if (!curve || !algorithm) return KeyKind::kRsa2048;
  const Cipher& negotiated = ciphers.of(server_leg.cipher_suite());
  int p256 = 0;
  int rsa = 0;
  for (const Cipher* cipher : known_ciphers(hello, ciphers)) {
    p256 = std::max(p256, fit(*cipher, negotiated, KeyKind::kP256));
    rsa = std::max(rsa, fit(*cipher, negotiated, KeyKind::kRsa2048));
  }
  return p256 != 0 && p256 >= rsa ? KeyKind::kP256 : KeyKind::kRsa2048;
}

openssl::ClientAnswer answer_for(const ClientHello& hello, const openssl::Engine& server_leg,
                                 const Shown& shown, openssl::Ciphers& ciphers) {
  const Cipher& negotiated = ciphers.of(server_leg.cipher_suite());
  openssl::ClientAnswer answer;
  answer.version = shown.version;
  const bool same = shown.own && shown.version == server_leg.version();
  if (shown.version == kTls13) {
    answer.suites = negotiated.name;
  } else if (same) {
    answer.ciphers = negotiated.name;
  } else {
    answer.ciphers = ciphers_like(negotiated, shown.key, hello, ciphers);
  }
  answer.groups = groups_to_answer(hello, number_of(server_leg.group()));
  answer.alpn = server_leg.alpn();
  // A server that names a limit takes no notice of max_fragment_length (RFC 8449 §5), which the library
  // would.
  const bool agreed = hello.max_fragment_length == 0 && limit_that_is_kept(hello) != 0;
  if (agreed) answer.record_size_limit = std::min(server_leg.record_size_limit(), limit_max(shown.version));
  answer.extended_master_secret = server_leg.version() >= kTls13 || server_leg.has_extended_master_secret();
  return answer;
}

}  // namespace limpid::tls
