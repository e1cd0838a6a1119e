// RDP (MS-RDPBCGR §2.2.1.1): the X.224 connection request names security protocols, and the confirmation the
// one that is chosen. All but RDP's own lie in TLS.
#pragma once

#include "tls_proxy/upgrade/message_head.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class Rdp final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  MessageHead request_;
  MessageHead confirmation_;
  bool asked_ = false;
};

}  // namespace limpid::tls
