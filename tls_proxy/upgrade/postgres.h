// PostgreSQL's SSLRequest: the client's first message; one byte answers. A client may ask for GSSAPI
// encryption before it, and may begin TLS without asking.
#pragma once

#include "tls_proxy/upgrade/message_head.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class Postgres final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  MessageHead request_;
  bool asked_ = false;  // for one kind of encryption or the other
  bool for_tls_ = false;
};

}  // namespace limpid::tls
