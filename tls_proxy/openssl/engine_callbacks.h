// What OpenSSL calls back: alerts, a server's request for a certificate, the choice of a protocol. Installed
// once on each context; each call finds its Engine through the SSL.
#pragma once

#include "tls_proxy/openssl/failure.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

void install_engine_callbacks(SSL_CTX* context, Role role);
/// A server's sessions are told to the engine's SessionSink, and its tickets asked for.
void install_session_callback(SSL_CTX* context);
/// Secrets are told to the engine's LegWatcher.
void install_secrets_callback(SSL_CTX* context);

}  // namespace limpid::openssl
