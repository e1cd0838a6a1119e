// SessionSink: is given the sessions with which a server could be resumed later. Up to TLS 1.2 there is one,
// at the end of a full handshake; in TLS 1.3 a server sends tickets whenever it likes. Thread: the worker's.
#pragma once

#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

class SessionSink {
 public:
  virtual ~SessionSink() = default;
  /// The connection goes on to use it: who keeps it keeps a copy.
  virtual void on_session(const SSL_SESSION& session) = 0;
};

}  // namespace limpid::openssl
