// MySQL: the server greets; the client's answer is an SSLRequest if only its capabilities are there and the
// one for TLS is among them. Nothing answers that: the ClientHello follows at once.
#pragma once

#include <cstddef>

#include "tls_proxy/upgrade/message_head.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class Mysql final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  MessageHead answer_;
  MessageHead greeting_;
  bool greeted_ = false;
};

}  // namespace limpid::tls
