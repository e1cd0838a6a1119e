// What each leg is to negotiate: the server is offered what the client offered, as far as the library has it
// and the configuration allows; the client is answered with what the server chose, so that it is never shown
// more than the server leg has. Pure, but for looking names up in the library. Called by TlsSession.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tls_proxy/certificate/signing_material.h"
#include "tls_proxy/client_hello.h"
#include "tls_proxy/openssl/engine.h"

namespace limpid::tls {

struct VersionRange {
  std::uint16_t min = kTls12;
  std::uint16_t max = kTls13;
};

/// Nothing where client and configuration have no version in common.
std::optional<openssl::ServerOffer> offer_for(const ClientHello& hello, VersionRange allowed, SSL* example);

/// The kind of key that the client can verify, P-256 where it can.
certificate::KeyKind key_kind_for(const ClientHello& hello, const openssl::Engine& server_leg, SSL* example);

/// Everything but the certificate. The group is the server leg's if the client sent a share for it (no
/// HelloRetryRequest), else one that it did send a share for; the cipher is the server leg's, or for TLS 1.2
/// the same with what the forged certificate's key can sign.
openssl::ClientAnswer answer_for(const ClientHello& hello, const openssl::Engine& server_leg,
                                 certificate::KeyKind key, SSL* example);

/// The same where the client is shown the server's own certificate: exactly the server leg's cipher, which
/// the client has offered, too.
openssl::ClientAnswer answer_as_server(const ClientHello& hello, const openssl::Engine& server_leg);

}  // namespace limpid::tls
