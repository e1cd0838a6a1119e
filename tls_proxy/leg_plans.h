// What each leg is to negotiate: the server is offered what the client offered, as far as the library has it
// and the configuration allows; the client is answered with what the server chose, so that it is never shown
// more than the server leg has. Pure, but for looking names up in the library. Called by TlsSession.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/versions.h"
#include "tls_proxy/certificate/signing_material.h"
#include "tls_proxy/client_hello.h"
#include "tls_proxy/openssl/ciphers.h"
#include "tls_proxy/openssl/engine.h"

namespace limpid::tls {

/// Each leg's versions, as far as policy decrypts what is older.
struct LegVersions {
  policy::VersionRange client{};
  policy::VersionRange server{};

  static LegVersions of(const policy::VersionPolicy& versions);
};

/// Nothing where client and configuration have no version in common. A client whose newest version is older
/// than the server leg may have is served all the same: the server leg is then newer than the client's.
std::optional<openssl::ServerOffer> offer_for(const ClientHello& hello, const LegVersions& allowed,
                                              openssl::Ciphers& ciphers);

/// The client lists a version that the server is not offered because it is too old.
bool withholds_older(const ClientHello& hello, const LegVersions& allowed);

/// Whether a server that has none of them has shown so to this client: it offers each.
bool offers_all(const ClientHello& hello, const policy::VersionRange& versions);

/// The newest that the client offers, that its leg may have, and that is no newer than the server leg's.
std::uint16_t client_version(const ClientHello& hello, const LegVersions& allowed, std::uint16_t server_leg);

/// The kind of key that the client can verify, P-256 where it can. `version`: of the client leg.
certificate::KeyKind key_kind_for(const ClientHello& hello, const openssl::Engine& server_leg,
                                  std::uint16_t version, openssl::Ciphers& ciphers);

/// Every group that a leg may have, by the library's names; a build may lack some.
std::vector<std::string> groups_of_legs();

/// What of the client leg's certificate the rest of the answer depends on.
struct Shown {
  std::uint16_t version = 0;  // of the client leg
  certificate::KeyKind key{};
  bool own = false;  // the server's own: then the client can have exactly the server leg's cipher
};

/// Everything but the certificate. The group is the server leg's if the client sent a share for it (no
/// HelloRetryRequest), else one that it did send a share for; the cipher is the server leg's, or for TLS 1.2
/// the same with what the shown certificate's key can sign.
openssl::ClientAnswer answer_for(const ClientHello& hello, const openssl::Engine& server_leg,
                                 const Shown& shown, openssl::Ciphers& ciphers);

}  // namespace limpid::tls
